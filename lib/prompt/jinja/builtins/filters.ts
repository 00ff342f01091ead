import { TemplateError } from "../errors.ts";
import { BoundArguments } from "../operations/arguments.ts";
import { dictItems } from "../operations/container-methods.ts";
import { isTrue, lengthOf } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import { toJson } from "../values/to-json.ts";
import { repr } from "../values/to-text.ts";
import { type Call, Dict, List, type Operation, orElse, Undefined } from "../values/values.ts";
import { getter, itemsIfTrue, listFilters } from "./list-filters.ts";
import { numberFilters } from "./number-filters.ts";
import { textFilters } from "./text-filters.ts";

const length: Operation = (value, _, budget) => lengthOf(value, budget);

const defaultFilter: Operation = (value, call) => {
  const args = new BoundArguments("default", call, ["default_value", "boolean"]);
  const isMissing = value instanceof Undefined || (args.flag("boolean") && !isTrue(value));
  return isMissing ? orElse(args.get("default_value"), new Text("")) : value;
};

const items: Operation = (value, _, budget) => {
  if (value instanceof Undefined) return new List([], "generator");
  if (!(value instanceof Dict)) throw new TemplateError("Can only get item pairs from a mapping.");
  return new List(dictItems(value, budget).items, "generator");
};

const map: Operation = (value, call, budget) => {
  const attribute = call.keyword.get("attribute");
  if (attribute !== undefined) {
    const get = getter(attribute, budget, call.keyword.get("default"));
    return new List(itemsIfTrue(value, budget).map(get), "generator");
  }
  const [name, ...positional] = call.positional;
  const filter = name instanceof Text ? filters.get(name.value) : undefined;
  if (filter === undefined) throw new TemplateError("map takes the name of a filter");
  const filterCall: Call = { positional, keyword: call.keyword };
  const mapped = itemsIfTrue(value, budget).map((item) => filter(item, filterCall, budget));
  return new List(mapped, "generator");
};

/** The `tojson` of transformers, which passes its arguments to Python's json.dumps(). */
const tojson: Operation = (value, call, budget) => {
  const names = ["ensure_ascii", "indent", "separators", "sort_keys"];
  const args = new BoundArguments("tojson", call, names);
  const width = args.get("indent") ?? null;
  const spaces = typeof width === "number" ? Math.max(0, width) : 0;
  budget.spendUnits(spaces);
  const indent = width instanceof Text ? width : new Text(" ".repeat(spaces));
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

/** Jinja's built-in filters that are useful in a chat template, and transformers' `tojson`. */
export const filters: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ...textFilters,
  ...listFilters,
  ...numberFilters,
  ["length", length],
  ["count", length],
  ["default", defaultFilter],
  ["d", defaultFilter],
  ["items", items],
  ["map", map],
  ["tojson", tojson],
  ["pprint", (value, _, budget) => repr(value, budget)],
]);
