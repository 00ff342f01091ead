import { TemplateError } from "../errors.ts";
import { BoundArguments } from "../operations/arguments.ts";
import { strip } from "../operations/text-operations.ts";
import { integerOf, numberOf } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import { Float, type Operation, orElse, typeName } from "../values/values.ts";

const int: Operation = (value, call, budget) => {
  const args = new BoundArguments("int", call, ["default", "base"]);
  budget.spendUnits(value instanceof Text ? value.value.length : 0);
  const number =
    value instanceof Text ? parseInteger(value, args.integer("base", 10)) : numberOf(value);
  if (number === undefined || !Number.isFinite(number)) return orElse(args.get("default"), 0);
  return integerOf(Math.trunc(number));
};

// Python's own limit for converting a string to an int.
const maxDigits = 4300;

/** Python's int(). Falls back to a float's integer part, like Jinja. Undefined for other texts. */
function parseInteger(text: Text, base: number): number | undefined {
  const { value } = strip(text, undefined, "both");
  if (value.length > maxDigits) return undefined;
  const digits = value.replace(/^([+-]?)0[xXoObB]/, base === 10 ? "$&" : "$1");
  if (/^[+-]?[\da-zA-Z]+$/.test(digits)) {
    const magnitude = [...digits.replace(/^[+-]/, "")].reduce((sum, character) => {
      const digit = Number.parseInt(character, 36);
      return digit < base ? sum * base + digit : Number.NaN;
    }, 0);
    if (!Number.isNaN(magnitude)) return digits.startsWith("-") ? -magnitude : magnitude;
  }
  return parseFloatText(text);
}

function parseFloatText(text: Text): number | undefined {
  const { value } = strip(text, undefined, "both");
  const isNumber = /^[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(value);
  return isNumber ? Number(value) : undefined;
}

const float: Operation = (value, call, budget) => {
  const args = new BoundArguments("float", call, ["default"]);
  budget.spendUnits(value instanceof Text ? value.value.length : 0);
  const number = value instanceof Text ? parseFloatText(value) : numberOf(value);
  return number === undefined ? orElse(args.get("default"), new Float(0)) : new Float(number);
};

const round: Operation = (value, call) => {
  const args = new BoundArguments("round", call, ["precision", "method"]);
  const number = numberOf(value);
  if (number === undefined) throw new TemplateError("round takes a number");
  const factor = 10 ** Math.min(Math.max(args.integer("precision", 0), -300), 300);
  const method = args.text("method", "common").value;
  const scaled = number * factor;
  if (method === "common") {
    const rounded = Number.isFinite(scaled) ? roundHalfEven(scaled) / factor : number;
    return value instanceof Float ? new Float(rounded) : integerOf(rounded);
  }
  if (method !== "ceil" && method !== "floor") {
    throw new TemplateError("method must be common, ceil or floor");
  }
  return new Float(Math[method](scaled) / factor);
};

/** Python's round(): a half goes to the even neighbour. */
function roundHalfEven(number: number): number {
  const down = Math.floor(number);
  if (number - down !== 0.5) return Math.round(number);
  return down % 2 === 0 ? down : down + 1;
}

const abs: Operation = (value) => {
  const number = numberOf(value);
  if (number === undefined) {
    throw new TemplateError(`bad operand type for abs(): ${typeName(value)}`);
  }
  return value instanceof Float ? new Float(Math.abs(number)) : Math.abs(number);
};

/** Filters that return a number. */
export const numberFilters: readonly (readonly [string, Operation])[] = [
  ["int", int],
  ["float", float],
  ["round", round],
  ["abs", abs],
];
