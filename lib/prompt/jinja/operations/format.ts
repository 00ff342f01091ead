import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { countCharacters, numberOf, unitsOf } from "../values/conversions.ts";
import { Text, TextBuilder } from "../values/text.ts";
import { repr, toText, withPythonExponent } from "../values/to-text.ts";
import { Dict, Float, List, typeName, type Value } from "../values/values.ts";

// The repetitions are bounded. Unbounded ones that overlap would take quadratic time.
const directive = /%(?:\(([^()]*)\))?([-+ 0#]{0,5})(\d{0,9})(?:\.(\d{1,9}))?([a-zA-Z%])/g;

const stepsPerField = 16;

/** Python's `format % values`. */
export function formatPercent(format: Text, values: Value, budget: Budget): Text {
  budget.spendUnits(format.value.length);
  const positional = values instanceof List && values.type === "tuple" ? values.items : [values];
  const formatted = new TextBuilder();
  let position = 0;
  let next = 0;
  for (const found of format.value.matchAll(directive)) {
    const [all, name, flags = "", width = "", precision, type = ""] = found;
    budget.spend(stepsPerField);
    formatted.add(literalText(format, position, found.index));
    position = found.index + all.length;
    if (type === "%") {
      formatted.add(format.slice(position - 1, position));
      continue;
    }
    const value =
      name === undefined ? positional[next++] : values instanceof Dict && values.named(name);
    if (value === undefined || value === false) {
      throw new TemplateError("not enough arguments for format string");
    }
    const converted = convert(value, type, precision, flags, budget);
    const isLeft = flags.includes("-");
    formatted.add(
      flags.includes("0") && !isLeft && numberOf(value) !== undefined && !"sr".includes(type)
        ? padWithZeros(converted, Number(width), budget)
        : pad(converted, Number(width), isLeft ? "left" : "right", new Text(" "), budget),
    );
    budget.checkUnits(formatted.length);
  }
  // Python does not count the values of a dict or a list.
  const isMapping = values instanceof Dict || (values instanceof List && values.type !== "tuple");
  if (next < positional.length && !isMapping) {
    throw new TemplateError("not all arguments converted during string formatting");
  }
  formatted.add(literalText(format, position, format.value.length));
  return formatted.build();
}

/** The text between two directives. A `%` in it starts a malformed directive. */
function literalText(format: Text, start: number, end: number): Text {
  const text = format.slice(start, end);
  if (text.value.includes("%")) throw new TemplateError("incomplete format");
  return text;
}

/** A value as the directive's type shows it, without padding. */
function convert(
  value: Value,
  type: string,
  precision: string | undefined,
  flags: string,
  budget: Budget,
): Text {
  if (type === "s" || type === "r") {
    const text = type === "s" ? toText(value, budget) : repr(value, budget);
    return precision === undefined ? text : firstCharacters(text, Number(precision), budget);
  }
  const number = numberOf(value);
  if (number === undefined) {
    throw new TemplateError(`%${type} format: a number is required, not ${typeName(value)}`);
  }
  const sign = number >= 0 && flags.includes("+") ? "+" : "";
  return new Text(sign + convertNumber(number, type, precision));
}

function firstCharacters(text: Text, count: number, budget: Budget): Text {
  budget.spendUnits(Math.min(count, text.value.length));
  return text.slice(0, unitsOf(text.value, count));
}

function convertNumber(number: number, type: string, precision: string | undefined): string {
  const digits = Math.min(Number(precision ?? 6), 100);
  switch (type) {
    case "d":
    case "i":
    case "u":
      return String(Math.trunc(number));
    case "f":
    case "F":
      return number.toFixed(digits);
    case "e":
      return withPythonExponent(number.toExponential(digits));
    case "x":
      return Math.trunc(number).toString(16);
    case "X":
      return Math.trunc(number).toString(16).toUpperCase();
    case "o":
      return Math.trunc(number).toString(8);
    case "g":
      return String(Number(number.toPrecision(Math.max(1, digits))));
    default:
      throw new TemplateError(`unsupported format character '${type}'`);
  }
}

/**
 * Pads a text to `width` characters.
 * @param side - where the text goes
 */
export function pad(
  text: Text,
  width: number,
  side: "left" | "right" | "center",
  fill: Text,
  budget: Budget,
): Text {
  budget.spendUnits(text.value.length);
  if (fill.value.length > 2 || countCharacters(fill.value) !== 1) {
    throw new TemplateError("The fill character must be exactly one character long");
  }
  const missing = width - countCharacters(text.value);
  if (missing <= 0) return text;
  budget.spendUnits(width);
  budget.spend(text.input.length / 8);
  // Like str.center(): an odd fill character goes to the left if the width is odd, else to the right.
  const half = Math.floor(missing / 2) + (missing & width & 1);
  const before = side === "left" ? 0 : side === "right" ? missing : half;
  const filling = (count: number) => fill.map((character) => character.repeat(count));
  return Text.join([filling(before), text, filling(missing - before)]);
}

/** Pads with zeros between a number's sign and its digits, like Python's zfill(). */
export function padWithZeros(text: Text, width: number, budget: Budget): Text {
  const signLength = /^[+-]/.test(text.value) ? 1 : 0;
  const digits = pad(text.slice(signLength), width - signLength, "right", new Text("0"), budget);
  return Text.join([text.slice(0, signLength), digits]);
}

/** Python's `format.format(…)`. A field is a number, a name or empty; `{a.b}` is not supported. */
export function formatBraces(
  format: Text,
  positional: readonly Value[],
  keyword: ReadonlyMap<string, Value>,
  budget: Budget,
): Text {
  budget.spendUnits(format.value.length);
  const formatted = new TextBuilder();
  let position = 0;
  let next = 0;
  for (const found of format.value.matchAll(/\{\{|\}\}|\{([\w]*)(?::([^{}]*))?\}|[{}]/g)) {
    const [all, name, spec = ""] = found;
    budget.spend(stepsPerField);
    formatted.add(format.slice(position, found.index));
    position = found.index + all.length;
    if (name === undefined) {
      if (all.length === 1) throw new TemplateError(`Single '${all}' encountered in format string`);
      formatted.add(format.slice(position - 1, position));
      continue;
    }
    const value = /^\d*$/.test(name) ? positional[Number(name || next++)] : keyword.get(name);
    if (value === undefined) throw new TemplateError(`format(): there is no field '${name}'`);
    formatted.add(formatField(value, spec, budget));
    budget.checkUnits(formatted.length);
  }
  formatted.add(format.slice(position));
  return formatted.build();
}

/** Formats one field by its specification, such as `>8` or `05.2f`. */
function formatField(value: Value, spec: string, budget: Budget): Text {
  const parsed = /^([<>^]?)(0?)(\d*)(?:\.(\d+))?([a-zA-Z]?)$/.exec(spec);
  if (parsed === null) throw new TemplateError(`Invalid format specifier '${spec}'`);
  const [, align, zero, width, precision, type] = parsed;
  const isNumber = numberOf(value) !== undefined && typeof value !== "boolean";
  const defaultType = value instanceof Float && precision !== undefined ? "f" : "s";
  const converted = convert(value, type || defaultType, precision, "", budget);
  if (zero && !align && isNumber) return padWithZeros(converted, Number(width), budget);
  const side = sideOf(align || (isNumber ? ">" : "<"));
  return pad(converted, Number(width), side, new Text(zero ? "0" : " "), budget);
}

function sideOf(align: string): "left" | "right" | "center" {
  if (align === "^") return "center";
  return align === ">" ? "right" : "left";
}
