import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { Text } from "../values/text.ts";
import {
  Callable,
  charactersOf,
  Dict,
  isEqual,
  itemsOf,
  List,
  Loop,
  Namespace,
  type Operation,
  orElse,
  typeName,
  Undefined,
  type Value,
} from "../values/values.ts";
import { Bound } from "./arguments.ts";
import { textMethods } from "./text-methods.ts";

/** `object.name`: a method first, then an item, as Jinja looks it up. */
export function attributeOf(object: Value, name: string, budget: Budget): Value {
  if (object instanceof Undefined) return object.refuse();
  const method = methodOf(object, name, budget);
  if (method !== undefined) return method;
  const value = namedValue(object, name);
  return orElse(value, missing(object, name));
}

/** `object[key]`: an item first, then a method. */
export function itemOf(object: Value, key: Value, budget: Budget): Value {
  if (object instanceof Undefined) return object.refuse();
  if (object instanceof Dict) {
    const value = object.get(key);
    if (value !== undefined) return value;
  }
  const isIndex = typeof key === "number" || typeof key === "boolean";
  if (isIndex && (object instanceof List || object instanceof Text)) {
    const item = atIndex(object, Number(key), budget);
    if (item !== undefined) return item;
  }
  if (key instanceof Undefined) return key.refuse();
  if (!(key instanceof Text)) {
    return new Undefined(`'${typeName(object)} object' has no such element`);
  }
  return object instanceof Dict
    ? orElse(methodOf(object, key.value, budget), missing(object, key.value))
    : attributeOf(object, key.value, budget);
}

function missing(object: Value, name: string): Undefined {
  return new Undefined(`'${typeName(object)} object' has no attribute '${name}'`);
}

function atIndex(object: List | Text, index: number, budget: Budget): Value | undefined {
  if (object instanceof List) {
    return object.type === "generator" || object.type === "dict_items"
      ? undefined
      : object.items.at(index);
  }
  budget.spendUnits(object.value.length);
  if (!/[\ud800-\udfff]/.test(object.value)) {
    const place = index < 0 ? index + object.value.length : index;
    return place < 0 || place >= object.value.length ? undefined : object.slice(place, place + 1);
  }
  budget.spendItems(object.value.length);
  return charactersOf(object).at(index);
}

function namedValue(object: Value, name: string): Value | undefined {
  if (object instanceof Dict) return object.named(name);
  if (object instanceof Namespace) return object.values.get(name);
  if (object instanceof Loop) return loopValue(object, name);
  return object instanceof Callable && name === "name" ? new Text(object.name) : undefined;
}

function loopValue(loop: Loop, name: string): Value | undefined {
  const { items, index } = loop;
  switch (name) {
    case "index":
      return index + 1;
    case "index0":
      return index;
    case "revindex":
      return items.length - index;
    case "revindex0":
      return items.length - index - 1;
    case "first":
      return index === 0;
    case "last":
      return index === items.length - 1;
    case "length":
      return items.length;
    // Only recursive loops, which are not supported, go deeper.
    case "depth":
      return 1;
    case "depth0":
      return 0;
    case "previtem":
      return orElse(items[index - 1], new Undefined("there is no previous item"));
    case "nextitem":
      return orElse(items[index + 1], new Undefined("there is no next item"));
    default:
      return undefined;
  }
}

// The sandbox refuses what would change a value.
const changing = new Set(
  "append clear extend insert pop popitem remove reverse setdefault sort update".split(" "),
);

function methodOf(object: Value, name: string, budget: Budget): Value | undefined {
  if (name.startsWith("__")) return new Undefined(`access to attribute '${name}' is unsafe`);
  if (object instanceof Text) {
    const method = textMethods.get(name);
    return method && new Callable(name, (call) => method(object, call, budget));
  }
  const methods =
    object instanceof Dict
      ? dictMethods
      : object instanceof List
        ? listMethods
        : object instanceof Loop
          ? loopMethods
          : undefined;
  if (methods === undefined) return undefined;
  const isChanging = changing.has(name) && !(object instanceof Loop);
  if (isChanging && object instanceof Dict === dictChanging.has(name)) {
    return new Undefined(`access to attribute '${name}' of '${typeName(object)}' object is unsafe`);
  }
  const method = (methods as ReadonlyMap<string, Operation<Value>>).get(name);
  return method && new Callable(name, (call) => method(object, call, budget));
}

const dictChanging = new Set(["clear", "pop", "popitem", "setdefault", "update"]);

export function dictItems(dict: Dict, budget: Budget): List {
  budget.spendItems(2 * dict.size);
  const items = dict.entries().map((entry) => new List(entry, "tuple"));
  return new List(items, "dict_items");
}

const dictMethods = new Map<string, Operation<Dict>>([
  [
    "get",
    (dict, call) => {
      const args = new Bound("get()", call, ["key", "default"]);
      return orElse(dict.get(args.required("key")), orElse(args.get("default"), null));
    },
  ],
  ["items", (dict, _, budget) => dictItems(dict, budget)],
  ["keys", (dict, _, budget) => new List(itemsOf(dict, budget), "dict_items")],
  [
    "values",
    (dict, _, budget) => {
      budget.spendItems(dict.size);
      return new List(
        dict.entries().map(([, value]) => value),
        "dict_items",
      );
    },
  ],
  ["copy", (dict) => dict],
]);

const listMethods = new Map<string, Operation<List>>([
  [
    "index",
    (list, call, budget) => {
      const wanted = new Bound("index()", call, ["value"]).required("value");
      const place = itemsOf(list, budget).findIndex((item) => isEqual(item, wanted, budget));
      if (place < 0) throw new TemplateError("the value is not in the list");
      return place;
    },
  ],
  [
    "count",
    (list, call, budget) => {
      const wanted = new Bound("count()", call, ["value"]).required("value");
      return itemsOf(list, budget).filter((item) => isEqual(item, wanted, budget)).length;
    },
  ],
  ["copy", (list) => list],
]);

const loopMethods = new Map<string, Operation<Loop>>([
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
    (loop, { positional }, budget) => {
      const { before } = loop;
      const isSame =
        before.changed !== undefined &&
        isEqual(new List(before.changed), new List(positional), budget);
      before.changed = positional;
      return !isSame;
    },
  ],
]);

/** `object[start:stop:step]` */
export function sliceOf(
  object: Value,
  bounds: readonly [start: Value, stop: Value, step: Value],
  budget: Budget,
): Value {
  if (object instanceof Undefined) return object.refuse();
  if (!(object instanceof Text || object instanceof List) || object instanceof Undefined) {
    throw new TemplateError(`'${typeName(object)}' object is not subscriptable`);
  }
  const [start, stop, step] = bounds.map((bound) => {
    if (bound === null) return undefined;
    if (typeof bound === "number" || typeof bound === "boolean") return Number(bound);
    throw new TemplateError("slice indices must be integers or None");
  });
  if (step === 0) throw new TemplateError("slice step cannot be zero");
  if (object instanceof List) {
    budget.spendItems(object.items.length);
    const type = object.type === "tuple" ? "tuple" : "list";
    return new List(sliced(object.items, start, stop, step ?? 1), type);
  }
  budget.spendUnits(object.value.length);
  const isPlain = (step ?? 1) === 1 && !/[\ud800-\udfff]/.test(object.value);
  if (isPlain) return object.slice(...range(object.value.length, start, stop));
  budget.spendItems(object.value.length);
  return Text.join(sliced(charactersOf(object), start, stop, step ?? 1));
}

function range(length: number, start = 0, stop = length): [number, number] {
  const inside = (place: number) =>
    Math.max(0, Math.min(length, place < 0 ? place + length : place));
  const from = inside(start);
  return [from, Math.max(from, inside(stop))];
}

function sliced<Item>(
  items: readonly Item[],
  start: number | undefined,
  stop: number | undefined,
  step: number,
): Item[] {
  if (step > 0) {
    const [from, to] = range(items.length, start, stop);
    const within = items.slice(from, to);
    return step === 1 ? within : within.filter((_, index) => index % step === 0);
  }
  const last = items.length - 1;
  const place = (bound: number) => (bound < 0 ? bound + items.length : Math.min(bound, last));
  const picked: Item[] = [];
  const end = stop === undefined ? -1 : Math.max(-1, place(stop));
  for (let at = start === undefined ? last : place(start); at > end; at += step) {
    const item = items[at];
    if (item !== undefined) picked.push(item);
  }
  return picked;
}
