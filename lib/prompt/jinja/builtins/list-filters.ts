import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { itemOf } from "../operations/access.ts";
import { Bound } from "../operations/arguments.ts";
import { concatenate, operate } from "../operations/operators.ts";
import { Text } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import {
  charactersOf,
  compare,
  Dict,
  isEqual,
  isTrue,
  itemsOf,
  List,
  type Operation,
  orElse,
  Undefined,
  type Value,
} from "../values/values.ts";
import { runTest } from "./tests.ts";

type Getter = (item: Value) => Value;

/** An item's attribute by a path such as `function.name` or `0`; the item itself without one. */
export function getter(attribute: Value | undefined, budget: Budget, fallback?: Value): Getter {
  if (attribute === undefined || attribute === null) return (item) => item;
  // Before the path is cut: it may be all dots.
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

/** Texts without their case, unless `case_sensitive`. */
function caseless(args: Bound, get: Getter, budget: Budget): Getter {
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
  keyed.sort((one, other) => sign * compare(one.key, other.key, budget));
  return keyed.map(({ item }) => item);
}

const sort: Operation = (value, call, budget) => {
  const args = new Bound("sort", call, ["reverse", "case_sensitive", "attribute"]);
  const get = caseless(args, getter(args.get("attribute"), budget), budget);
  return new List(sortBy(itemsOf(value, budget), get, args.flag("reverse"), budget));
};

const dictsort: Operation = (value, call, budget) => {
  const args = new Bound("dictsort", call, ["case_sensitive", "by", "reverse"]);
  if (!(value instanceof Dict)) throw new TemplateError("dictsort takes a mapping");
  const place = args.text("by", "key").value === "value" ? 1 : 0;
  budget.spendItems(value.size);
  const pairs = value.entries().map((entry) => new List(entry, "tuple"));
  const part = (pair: Value) => (pair instanceof List ? (pair.items[place] ?? null) : null);
  const get = caseless(args, part, budget);
  return new List(sortBy(pairs, get, args.flag("reverse"), budget));
};

const extreme =
  (sign: number): Operation =>
  (value, call, budget) => {
    const args = new Bound("min", call, ["case_sensitive", "attribute"]);
    const get = caseless(args, getter(args.get("attribute"), budget), budget);
    const [first, ...rest] = itemsOf(value, budget);
    if (first === undefined) return new Undefined("No aggregated item, sequence was empty.");
    return rest.reduce(
      (best, item) => (sign * compare(get(item), get(best), budget) > 0 ? item : best),
      first,
    );
  };

const unique: Operation = (value, call, budget) => {
  const args = new Bound("unique", call, ["case_sensitive", "attribute"]);
  const get = caseless(args, getter(args.get("attribute"), budget), budget);
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
  const args = new Bound("groupby", call, ["attribute", "default", "case_sensitive"]);
  const get = getter(args.required("attribute"), budget, args.get("default"));
  const key = caseless(args, get, budget);
  const groups: { readonly key: Value; readonly name: Value; readonly items: Value[] }[] = [];
  for (const item of sortBy(itemsOf(value, budget), key, false, budget)) {
    const last = groups.at(-1);
    if (last !== undefined && isEqual(last.key, key(item), budget)) last.items.push(item);
    else groups.push({ key: key(item), name: get(item), items: [item] });
  }
  return new List(groups.map(({ name, items }) => new List([name, new List(items)], "tuple")));
};

/** As Jinja's generators: nothing of whatever is false, even of None. */
export function itemsIfAny(value: Value, budget: Budget): readonly Value[] {
  return isTrue(value) ? itemsOf(value, budget) : [];
}

/** `select`, `reject`, and with an attribute `selectattr`, `rejectattr`. */
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
    const kept = itemsIfAny(value, budget).filter((item) => isKept(item) === wanted);
    return new List(kept, "generator");
  };

const batch: Operation = (value, call, budget) => {
  const args = new Bound("batch", call, ["linecount", "fill_with"]);
  const size = args.integer("linecount");
  if (size < 1) throw new TemplateError("batch takes a positive number");
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
  const args = new Bound("join", call, ["d", "attribute"]);
  const get = getter(args.get("attribute"), budget);
  const separator = args.shown("d", "", budget);
  const texts = itemsOf(value, budget).map((item) => toText(get(item), budget));
  const parts = texts.flatMap((text, index) => (index === 0 ? [text] : [separator, text]));
  return concatenate(parts, budget);
};

const sum: Operation = (value, call, budget) => {
  const args = new Bound("sum", call, ["attribute", "start"]);
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

const end =
  (place: number): Operation =>
  (value, _, budget) => {
    const none = new Undefined("No first or last item, sequence was empty.");
    if (value instanceof List) return orElse(value.items.at(place), none);
    return orElse(itemsOf(value, budget).at(place), none);
  };

export const listFilters: readonly (readonly [string, Operation])[] = [
  ["list", (value, _, budget) => new List(itemsOf(value, budget))],
  ["first", end(0)],
  ["last", end(-1)],
  ["sort", sort],
  ["dictsort", dictsort],
  ["max", extreme(1)],
  ["min", extreme(-1)],
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
