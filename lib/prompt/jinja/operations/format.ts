import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { Text, TextBuilder } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import { codePoints, Dict, Float, List, numberOf, typeName, type Value } from "../values/values.ts";

// Bounded repetitions, because those that overlap take quadratic time.
const directive = /%(?:\(([^()]*)\))?([-+ 0#]{0,5})(\d{0,9})(?:\.(\d{1,9}))?([a-zA-Z%])/g;

const stepsOfField = 16;

/** Python's `text % values`. */
export function formatPercent(format: Text, values: Value, budget: Budget): Text {
  budget.spendUnits(format.value.length);
  const list = values instanceof List && values.type === "tuple" ? values.items : [values];
  const formatted = new TextBuilder();
  let place = 0;
  let next = 0;
  for (const found of format.value.matchAll(directive)) {
    const [all, name, flags = "", width = "", precision, type = ""] = found;
    budget.spend(stepsOfField);
    formatted.add(literal(format, place, found.index));
    place = found.index + all.length;
    if (type === "%") {
      formatted.add(format.slice(place - 1, place));
      continue;
    }
    const value = name === undefined ? list[next++] : values instanceof Dict && values.named(name);
    if (value === undefined || value === false) {
      throw new TemplateError("not enough arguments for format string");
    }
    const shown = convert(value, type, precision, flags, budget);
    const fill = flags.includes("0") && !flags.includes("-") && type !== "s" ? "0" : " ";
    formatted.add(
      pad(shown, Number(width), flags.includes("-") ? "left" : "right", new Text(fill), budget),
    );
    budget.checkUnits(formatted.length);
  }
  if (next < list.length && !(values instanceof Dict)) {
    throw new TemplateError("not all arguments converted during string formatting");
  }
  formatted.add(literal(format, place, format.value.length));
  return formatted.build();
}

/** What stands between the directives. */
function literal(format: Text, start: number, end: number): Text {
  const text = format.slice(start, end);
  if (text.value.includes("%")) throw new TemplateError("incomplete format");
  return text;
}

function convert(
  value: Value,
  type: string,
  precision: string | undefined,
  flags: string,
  budget: Budget,
): Text {
  if (type === "s" || type === "r") {
    const text = type === "s" ? toText(value, budget) : toText(new List([value]), budget).slice(1);
    const shown = type === "s" ? text : text.slice(0, text.value.length - 1);
    return precision === undefined ? shown : shown.slice(0, Number(precision));
  }
  const number = numberOf(value);
  if (number === undefined) {
    throw new TemplateError(`%${type} format: a number is required, not ${typeName(value)}`);
  }
  const sign = number >= 0 && flags.includes("+") ? "+" : "";
  return new Text(sign + convertNumber(number, type, precision));
}

function convertNumber(number: number, type: string, precision: string | undefined): string {
  const digits = Math.min(Number(precision ?? 6), 100);
  if (type === "d" || type === "i" || type === "u") return String(Math.trunc(number));
  if (type === "f" || type === "F") return number.toFixed(digits);
  if (type === "e") return number.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
  if (type === "x") return Math.trunc(number).toString(16);
  if (type === "X") return Math.trunc(number).toString(16).toUpperCase();
  if (type === "o") return Math.trunc(number).toString(8);
  if (type === "g") return String(Number(number.toPrecision(Math.max(1, digits))));
  throw new TemplateError(`unsupported format character '${type}'`);
}

/** The text, padded with `fill` to a width in characters. */
export function pad(
  text: Text,
  width: number,
  side: "left" | "right" | "center",
  fill: Text,
  budget: Budget,
): Text {
  budget.spendUnits(text.value.length);
  if (fill.value.length > 2 || codePoints(fill.value) !== 1) {
    throw new TemplateError("The fill character must be exactly one character long");
  }
  const missing = width - codePoints(text.value);
  if (missing <= 0) return text;
  budget.spendUnits(width);
  budget.spend(text.input.length / 8);
  // As str.center() does: the odd one goes to the right, or to the left where the width is odd.
  const half = Math.floor(missing / 2) + (missing & width & 1);
  const before = side === "left" ? 0 : side === "right" ? missing : half;
  const filling = (count: number) => fill.map((character) => character.repeat(count));
  return Text.join([filling(before), text, filling(missing - before)]);
}

/** Python's `text.format(…)`, with fields that are numbers, names or empty, and no more. */
export function formatBraces(
  format: Text,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
  budget: Budget,
): Text {
  budget.spendUnits(format.value.length);
  const formatted = new TextBuilder();
  let place = 0;
  let next = 0;
  for (const found of format.value.matchAll(/\{\{|\}\}|\{([\w]*)(?::([^{}]*))?\}|[{}]/g)) {
    const [all, name, spec = ""] = found;
    budget.spend(stepsOfField);
    formatted.add(format.slice(place, found.index));
    place = found.index + all.length;
    if (name === undefined) {
      if (all.length === 1) throw new TemplateError(`Single '${all}' encountered in format string`);
      formatted.add(format.slice(place - 1, place));
      continue;
    }
    const value = /^\d*$/.test(name) ? positional[Number(name || next++)] : keyword.get(name);
    if (value === undefined) throw new TemplateError(`format(): there is no field '${name}'`);
    formatted.add(formatField(value, spec, budget));
    budget.checkUnits(formatted.length);
  }
  formatted.add(format.slice(place));
  return formatted.build();
}

function formatField(value: Value, spec: string, budget: Budget): Text {
  const parsed = /^([<>^]?)(0?)(\d*)(?:\.(\d+))?([a-zA-Z]?)$/.exec(spec);
  if (parsed === null) throw new TemplateError(`Invalid format specifier '${spec}'`);
  const [, align, zero, width, precision, type] = parsed;
  const isNumber = numberOf(value) !== undefined && typeof value !== "boolean";
  const fallback = value instanceof Float && precision !== undefined ? "f" : "s";
  const shown = convert(value, type || fallback, precision, "", budget);
  const side =
    align === "^" ? "center" : (align || (isNumber ? ">" : "<")) === ">" ? "right" : "left";
  return pad(shown, Number(width), side, new Text(zero ? "0" : " "), budget);
}
