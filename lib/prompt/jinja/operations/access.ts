import type { Budget } from "../budget.ts";
import { charactersOf, hasSurrogates } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import {
  Callable,
  Dict,
  List,
  Loop,
  Namespace,
  type Operation,
  orElse,
  typeName,
  Undefined,
  type Value,
} from "../values/values.ts";
import { dictMethods, listMethods, loopMethods } from "./container-methods.ts";
import { textMethods } from "./text-methods.ts";

/** `object.name`. Jinja looks for a method first, then for an item. */
export function attributeOf(object: Value, name: string, budget: Budget): Value {
  if (object instanceof Undefined) return object.refuse();
  const method = methodOf(object, name, budget);
  return method ?? orElse(namedValue(object, name), missingAttribute(object, name));
}

/** `object[key]`. Jinja looks for an item first, then for a method. */
export function itemOf(object: Value, key: Value, budget: Budget): Value {
  if (object instanceof Undefined) return object.refuse();
  if (object instanceof Dict) {
    const value = object.get(key);
    if (value !== undefined) return value;
  }
  const isIndex = typeof key === "number" || typeof key === "boolean";
  if (isIndex && (object instanceof List || object instanceof Text)) {
    const item = itemAt(object, Number(key), budget);
    if (item !== undefined) return item;
  }
  if (key instanceof Undefined) return key.refuse();
  if (!(key instanceof Text)) {
    return new Undefined(`'${typeName(object)} object' has no such element`);
  }
  if (!(object instanceof Dict)) return attributeOf(object, key.value, budget);
  return methodOf(object, key.value, budget) ?? missingAttribute(object, key.value);
}

function missingAttribute(object: Value, name: string): Undefined {
  return new Undefined(`'${typeName(object)} object' has no attribute '${name}'`);
}

/** `index` counts from the end if it is negative. */
function itemAt(object: List | Text, index: number, budget: Budget): Value | undefined {
  if (object instanceof List) return object.hasIndices ? object.items.at(index) : undefined;
  budget.spendUnits(object.value.length);
  if (!hasSurrogates(object.value)) {
    const position = index < 0 ? index + object.value.length : index;
    if (position < 0 || position >= object.value.length) return undefined;
    return object.slice(position, position + 1);
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

function loopValue({ items, index }: Loop, name: string): Value | undefined {
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
    // Only recursive loops have other depths, and they are not supported.
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

// Jinja's immutable sandbox rejects methods that change their object.
const changingDictMethods = new Set("clear pop popitem setdefault update".split(" "));
const changingListMethods = new Set(
  "append clear extend insert pop remove reverse sort".split(" "),
);

/** A method bound to its object. Undefined if there is no such method. */
function methodOf(object: Value, name: string, budget: Budget): Callable | Undefined | undefined {
  if (name.startsWith("__")) return new Undefined(`access to attribute '${name}' is unsafe`);
  if (object instanceof Text) return bind(textMethods.get(name), object, name, budget);
  if (object instanceof Loop) return bind(loopMethods.get(name), object, name, budget);
  if (object instanceof Dict) {
    if (changingDictMethods.has(name)) return unsafeMethod(object, name);
    return bind(dictMethods.get(name), object, name, budget);
  }
  if (object instanceof List) {
    if (changingListMethods.has(name)) return unsafeMethod(object, name);
    return bind(listMethods.get(name), object, name, budget);
  }
  return undefined;
}

function bind<Subject extends Value>(
  method: Operation<Subject> | undefined,
  object: Subject,
  name: string,
  budget: Budget,
): Callable | undefined {
  return method && new Callable(name, (call) => method(object, call, budget));
}

function unsafeMethod(object: Value, name: string): Undefined {
  return new Undefined(`access to attribute '${name}' of '${typeName(object)}' object is unsafe`);
}
