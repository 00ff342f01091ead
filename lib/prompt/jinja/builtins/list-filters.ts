import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { itemOf } from "../operations/access.ts";
import { BoundArguments } from "../operations/arguments.ts";
import { concatenate, operate } from "../operations/operators.ts";
import { compare, isEqual } from "../values/comparison.ts";
import { charactersOf, isTrue, itemsOf } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import { Dict, List, type Operation, orElse, Undefined, type Value } from "../values/values.ts";
import { runTest } from "./tests.ts";

type Getter = (item: Value) => Value;

/**
 * Makes a function that reads an attribute of an item.
 * @param attribute - a path such as `function.name` or `0`; undefined or None for the item itself
 * @param fallback - replaces an undefined attribute
 */
export function getter(attribute: Value | undefined, budget: Budget, fallback?: Value): Getter {
  if (attribute === undefined || attribute === null) return (item) => item;
  // The path may consist of dots, so splitting it can give as many parts as it has characters.
  if (attribute instanceof Text) budget.spendItems(attribute.value.length);
  const path =
    attribute instanceof Text
      ? attribute.value
          .split(".")
          .map((part) => (/^\d+$/.test(part) ? Number(part) : new Text(part)))
      : [attribute];
  return (item) => {
    budget.spend(path.length);
    const value = path.reduce((object: Value, key) => itemOf(object, key, budget), item);
    return fallback !== undefined && value instanceof Undefined ? fallback : value;
  };
}

/** A sort key that ignores the case of texts unless the filter's `case_sensitive` is true. */
function caseInsensitive(args: BoundArguments, get: Getter, budget: Budget): Getter {
  if (args.flag("case_sensitive")) return get;
  return (item) => {
    const value = get(item);
    if (!(value instanceof Text)) return value;
    budget.spendUnits(2 * value.value.length);
    return new Text(value.value.toLowerCase());
  };
}

function sortBy(items: readonly Value[], get: Getter, reverse: boolean, budget: Budget): Value[] {
  budget.spend(items.length * Math.log2(items.length + 1));
  const keyed = items.map((item) => ({ item, key: get(item) }));
  const sign = reverse ? -1 : 1;
  keyed.sort((left, right) => sign * compare(left.key, right.key, budget));
  return keyed.map(({ item }) => item);
}

const sort: Operation = (value, call, budget) => {
  const args = new BoundArguments("sort", call, ["reverse", "case_sensitive", "attribute"]);
  const get = caseInsensitive(args, getter(args.get("attribute"), budget), budget);
  return new List(sortBy(itemsOf(value, budget), get, args.flag("reverse"), budget));
};

const dictsort: Operation = (value, call, budget) => {
  const args = new BoundArguments("dictsort", call, ["case_sensitive", "by", "reverse"]);
  if (!(value instanceof Dict)) throw new TemplateError("dictsort takes a mapping");
  const index = args.text("by", "key").value === "value" ? 1 : 0;
  budget.spendItems(value.size);
  const pairs = value.entries().map((entry) => new List(entry, "tuple"));
  const part = (pair: Value) => (pair instanceof List ? (pair.items[index] ?? null) : null);
  const get = caseInsensitive(args, part, budget);
  return new List(sortBy(pairs, get, args.flag("reverse"), budget));
};

/** `min` with sign -1, `max` with sign 1. */
const extreme =
  (name: string, sign: number): Operation =>
  (value, call, budget) => {
    const args = new BoundArguments(name, call, ["case_sensitive", "attribute"]);
    const get = caseInsensitive(args, getter(args.get("attribute"), budget), budget);
    const [first, ...rest] = itemsOf(value, budget);
    if (first === undefined) return new Undefined("No aggregated item, sequence was empty.");
    return rest.reduce(
      (best, item) => (sign * compare(get(item), get(best), budget) > 0 ? item : best),
      first,
    );
  };

const unique: Operation = (value, call, budget) => {
  const args = new BoundArguments("unique", call, ["case_sensitive", "attribute"]);
  const get = caseInsensitive(args, getter(args.get("attribute"), budget), budget);
  const seen = new Dict();
  const kept = itemsOf(value, budget).filter((item) => {
    const key = get(item);
    if (seen.get(key) !== undefined) return false;
    seen.set(key, true);
    return true;
  });
  return new List(kept, "generator");
};

const groupby: Operation = (value, call, budget) => {
  const args = new BoundArguments("groupby", call, ["attribute", "default", "case_sensitive"]);
  const get = getter(args.required("attribute"), budget, args.get("default"));
  const key = caseInsensitive(args, get, budget);
  const groups: { readonly key: Value; readonly name: Value; readonly items: Value[] }[] = [];
  for (const item of sortBy(itemsOf(value, budget), key, false, budget)) {
    const last = groups.at(-1);
    if (last !== undefined && isEqual(last.key, key(item), budget)) last.items.push(item);
    else groups.push({ key: key(item), name: get(item), items: [item] });
  }
  return new List(groups.map(({ name, items }) => new List([name, new List(items)], "tuple")));
};

/** Items for Jinja's generator filters, which accept any false value, None included. */
export function itemsIfTrue(value: Value, budget: Budget): readonly Value[] {
  return isTrue(value) ? itemsOf(value, budget) : [];
}

/** `select` and `reject`; with `byAttribute`, `selectattr` and `rejectattr`. */
const selecting =
  (wanted: boolean, byAttribute: boolean): Operation =>
  (value, { positional, keyword }, budget) => {
    if (keyword.size > 0) throw new TemplateError("select takes no keyword arguments");
    const attribute = byAttribute ? positional[0] : undefined;
    if (byAttribute && attribute === undefined) throw new TemplateError("Missing attribute name");
    const get = getter(attribute, budget);
    const [name, ...args] = positional.slice(byAttribute ? 1 : 0);
    if (name !== undefined && !(name instanceof Text)) throw new TemplateError("No such test");
    const isKept = (item: Value) => {
      const subject = get(item);
      return name === undefined ? isTrue(subject) : runTest(name.value, subject, args, budget);
    };
    const kept = itemsIfTrue(value, budget).filter((item) => isKept(item) === wanted);
    return new List(kept, "generator");
  };

const batch: Operation = (value, call, budget) => {
  const args = new BoundArguments("batch", call, ["linecount", "fill_with"]);
  const size = args.integer("linecount");
  if (size < 1) throw new TemplateError(`batch: linecount must be at least 1 (got ${size})`);
  const all = itemsOf(value, budget);
  const batches: List[] = [];
  for (let start = 0; start < all.length; start += size) {
    const items = all.slice(start, start + size);
    const filler = args.get("fill_with") ?? null;
    if (filler !== null) {
      budget.spendItems(size);
      while (items.length < size) items.push(filler);
    }
    batches.push(new List(items));
  }
  return new List(batches, "generator");
};

const join: Operation = (value, call, budget) => {
  const args = new BoundArguments("join", call, ["d", "attribute"]);
  const get = getter(args.get("attribute"), budget);
  const separator = args.asText("d", "", budget);
  const texts = itemsOf(value, budget).map((item) => toText(get(item), budget));
  const parts = texts.flatMap((text, index) => (index === 0 ? [text] : [separator, text]));
  return concatenate(parts, budget);
};

const sum: Operation = (value, call, budget) => {
  const args = new BoundArguments("sum", call, ["attribute", "start"]);
  const get = getter(args.get("attribute"), budget);
  return itemsOf(value, budget).reduce(
    (total: Value, item) => operate("+", total, get(item), budget),
    orElse(args.get("start"), 0),
  );
};

const reverse: Operation = (value, _, budget) => {
  if (!(value instanceof Text)) return new List(itemsOf(value, budget).toReversed(), "generator");
  budget.spendItems(value.value.length);
  return Text.join(charactersOf(value).reverse());
};

/** `first` with index 0, `last` with index -1. */
const itemAt =
  (index: number): Operation =>
  (value, _, budget) => {
    const missing = new Undefined("No first or last item, sequence was empty.");
    if (value instanceof List) return orElse(value.items.at(index), missing);
    return orElse(itemsOf(value, budget).at(index), missing);
  };

/** Filters that take a list. */
export const listFilters: readonly (readonly [string, Operation])[] = [
  ["list", (value, _, budget) => new List(itemsOf(value, budget))],
  ["first", itemAt(0)],
  ["last", itemAt(-1)],
  ["sort", sort],
  ["dictsort", dictsort],
  ["max", extreme("max", 1)],
  ["min", extreme("min", -1)],
  ["unique", unique],
  ["groupby", groupby],
  ["select", selecting(true, false)],
  ["reject", selecting(false, false)],
  ["selectattr", selecting(true, true)],
  ["rejectattr", selecting(false, true)],
  ["batch", batch],
  ["join", join],
  ["sum", sum],
  ["reverse", reverse],
];
