import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { isEqual } from "../values/comparison.ts";
import { itemsOf } from "../values/conversions.ts";
import { type Dict, List, type Loop, type Operation, orElse } from "../values/values.ts";
import { BoundArguments } from "./arguments.ts";

/** Pairs of keys and values as tuples. */
export function dictItems(dict: Dict, budget: Budget): List {
  budget.spendItems(2 * dict.size);
  const items = dict.entries().map((entry) => new List(entry, "tuple"));
  return new List(items, "dict_items");
}

export const dictMethods: ReadonlyMap<string, Operation<Dict>> = new Map<string, Operation<Dict>>([
  [
    "get",
    (dict, call) => {
      const args = new BoundArguments("get()", call, ["key", "default"]);
      return orElse(dict.get(args.required("key")), orElse(args.get("default"), null));
    },
  ],
  ["items", (dict, _, budget) => dictItems(dict, budget)],
  ["keys", (dict, _, budget) => new List(itemsOf(dict, budget), "dict_keys")],
  [
    "values",
    (dict, _, budget) => {
      budget.spendItems(dict.size);
      const values = dict.entries().map(([, value]) => value);
      return new List(values, "dict_values");
    },
  ],
  // Nothing can change a dict, so a copy can share it.
  ["copy", (dict) => dict],
]);

export const listMethods: ReadonlyMap<string, Operation<List>> = new Map<string, Operation<List>>([
  [
    "index",
    (list, call, budget) => {
      const wanted = new BoundArguments("index()", call, ["value"]).required("value");
      const index = itemsOf(list, budget).findIndex((item) => isEqual(item, wanted, budget));
      if (index < 0) throw new TemplateError("the value is not in the list");
      return index;
    },
  ],
  [
    "count",
    (list, call, budget) => {
      const wanted = new BoundArguments("count()", call, ["value"]).required("value");
      return itemsOf(list, budget).filter((item) => isEqual(item, wanted, budget)).length;
    },
  ],
  // Nothing can change a list, so a copy can share it.
  ["copy", (list) => list],
]);

export const loopMethods: ReadonlyMap<string, Operation<Loop>> = new Map<string, Operation<Loop>>([
  [
    "cycle",
    ({ index }, { positional }) => {
      const value = positional[index % positional.length];
      if (value === undefined) throw new TemplateError("no items for cycling given");
      return value;
    },
  ],
  [
    "changed",
    ({ lastChanged }, { positional }, budget) => {
      const isSame =
        lastChanged.values !== undefined &&
        isEqual(new List(lastChanged.values), new List(positional), budget);
      lastChanged.values = positional;
      return !isSame;
    },
  ],
]);
