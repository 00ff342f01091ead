import { TemplateError } from "../errors.ts";
import { dictItems } from "../operations/access.ts";
import { Bound } from "../operations/arguments.ts";
import { strip } from "../operations/text-operations.ts";
import { Text } from "../values/text.ts";
import { toJson, toText } from "../values/to-text.ts";
import {
  type Call,
  Dict,
  Float,
  integerOf,
  isTrue,
  List,
  lengthOf,
  numberOf,
  type Operation,
  orElse,
  typeName,
  Undefined,
} from "../values/values.ts";
import { getter, itemsIfAny, listFilters } from "./list-filters.ts";
import { textFilters } from "./text-filters.ts";

const length: Operation = (value, _, budget) => lengthOf(value, budget);

const fallback: Operation = (value, call) => {
  const args = new Bound("default", call, ["default_value", "boolean"]);
  const isMissing = value instanceof Undefined || (args.flag("boolean") && !isTrue(value));
  return isMissing ? orElse(args.get("default_value"), new Text("")) : value;
};

const integer: Operation = (value, call, budget) => {
  const args = new Bound("int", call, ["default", "base"]);
  budget.spendUnits(value instanceof Text ? value.value.length : 0);
  const number =
    value instanceof Text ? readInteger(value, args.integer("base", 10)) : numberOf(value);
  if (number === undefined || !Number.isFinite(number)) return orElse(args.get("default"), 0);
  return integerOf(Math.trunc(number));
};

// Python's own limit.
const mostDigits = 4300;

function readInteger(text: Text, base: number): number | undefined {
  const { value } = strip(text, undefined, "both");
  if (value.length > mostDigits) return undefined;
  const digits = value.replace(/^([+-]?)0[xXoObB]/, base === 10 ? "$&" : "$1");
  if (/^[+-]?[\da-zA-Z]+$/.test(digits)) {
    const read = [...digits.replace(/^[+-]/, "")].reduce((sum, digit) => {
      const one = Number.parseInt(digit, 36);
      return one < base ? sum * base + one : Number.NaN;
    }, 0);
    if (!Number.isNaN(read)) return digits.startsWith("-") ? -read : read;
  }
  return readFloat(text);
}

function readFloat(text: Text): number | undefined {
  const { value } = strip(text, undefined, "both");
  const isNumber = /^[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?$/.test(value);
  return isNumber ? Number(value) : undefined;
}

const float: Operation = (value, call, budget) => {
  const args = new Bound("float", call, ["default"]);
  budget.spendUnits(value instanceof Text ? value.value.length : 0);
  const number = value instanceof Text ? readFloat(value) : numberOf(value);
  return number === undefined ? orElse(args.get("default"), new Float(0)) : new Float(number);
};

const round: Operation = (value, call) => {
  const args = new Bound("round", call, ["precision", "method"]);
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

function roundHalfEven(number: number): number {
  const down = Math.floor(number);
  if (number - down !== 0.5) return Math.round(number);
  return down % 2 === 0 ? down : down + 1;
}

const items: Operation = (value, _, budget) => {
  if (value instanceof Undefined) return new List([], "generator");
  if (!(value instanceof Dict)) throw new TemplateError("Can only get item pairs from a mapping.");
  return new List(dictItems(value, budget).items, "generator");
};

const tojson: Operation = (value, call, budget) => {
  const names = ["ensure_ascii", "indent", "separators", "sort_keys"];
  const args = new Bound("tojson", call, names);
  const width = args.get("indent") ?? null;
  const count = typeof width === "number" ? Math.max(0, width) : 0;
  budget.spendUnits(count);
  const indent = width instanceof Text ? width : new Text(" ".repeat(count));
  const separators = args.get("separators") ?? null;
  const [item, key] = separators instanceof List ? separators.items : [];
  const itemSeparator = item instanceof Text ? item : new Text(width === null ? ", " : ",");
  const options = {
    indent: width === null ? undefined : indent,
    separators: [itemSeparator, key instanceof Text ? key : new Text(": ")] as const,
    escapesNonAscii: args.flag("ensure_ascii"),
    sortsKeys: args.flag("sort_keys"),
  };
  return toJson(value, options, budget);
};

const abs: Operation = (value) => {
  const number = numberOf(value);
  if (number === undefined)
    throw new TemplateError(`bad operand type for abs(): ${typeName(value)}`);
  return value instanceof Float ? new Float(Math.abs(number)) : Math.abs(number);
};

const map: Operation = (value, call, budget) => {
  const attribute = call.keyword.get("attribute");
  if (attribute !== undefined) {
    const get = getter(attribute, budget, call.keyword.get("default"));
    return new List(itemsIfAny(value, budget).map(get), "generator");
  }
  const [name, ...positional] = call.positional;
  const filter = name instanceof Text ? filters.get(name.value) : undefined;
  if (filter === undefined) throw new TemplateError("map takes the name of a filter");
  const given: Call = { positional, keyword: call.keyword };
  return new List(
    itemsIfAny(value, budget).map((item) => filter(item, given, budget)),
    "generator",
  );
};

/** Jinja's built-in filters that make sense in a chat template, and transformers' `tojson`. */
export const filters: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ...textFilters,
  ...listFilters,
  ["length", length],
  ["count", length],
  ["default", fallback],
  ["d", fallback],
  ["int", integer],
  ["float", float],
  ["round", round],
  ["abs", abs],
  ["items", items],
  ["map", map],
  ["tojson", tojson],
  [
    "pprint",
    (value, _, budget) => {
      const shown = toText(new List([value]), budget);
      return shown.slice(1, shown.value.length - 1);
    },
  ],
]);
