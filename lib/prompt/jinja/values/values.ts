import type { Steps } from "../../steps.ts";
import type { Budget } from "../budget.ts";
import { LimitError, TemplateError } from "../errors.ts";
import { Text } from "./text.ts";

/** What expressions are: Python's values. An integer is a number, a float has a class of its own. */
export type Value =
  | Undefined
  | null
  | boolean
  | number
  | Float
  | Text
  | List
  | Dict
  | Namespace
  | Loop
  | Callable;

/** What a name without a value is; using it says which name that was. */
export class Undefined {
  constructor(readonly message: string) {}

  refuse(): never {
    throw new TemplateError(this.message);
  }
}

export class Float {
  constructor(readonly value: number) {}
}

/** Python's sequences. Generators and views differ from lists in truth, length and items. */
export class List {
  constructor(
    readonly items: readonly Value[],
    readonly type: "list" | "tuple" | "range" | "dict_items" | "generator" = "list",
  ) {}
}

type Key = string | number | null;

// V8 hashes longer texts by their length alone, so that a map of many takes quadratic time.
const longestKey = 2 ** 13;

export class Dict {
  readonly #entries = new Map<Key, readonly [Value, Value]>();

  get size(): number {
    return this.#entries.size;
  }

  set(key: Value, value: Value): void {
    if (isLongKey(key)) {
      throw new LimitError(`uses a text of more than ${longestKey} characters as a key`);
    }
    const known = this.#entries.get(hash(key));
    this.#entries.set(hash(key), [known === undefined ? key : known[0], value]);
  }

  get(key: Value): Value | undefined {
    return isLongKey(key) ? undefined : this.#entries.get(hash(key))?.[1];
  }

  named(name: string): Value | undefined {
    return this.#entries.get(name)?.[1];
  }

  entries(): (readonly [Value, Value])[] {
    return [...this.#entries.values()];
  }
}

export class Namespace {
  readonly values = new Map<string, Value>();
}

/** The `loop` of a `for`. */
export class Loop {
  constructor(
    readonly items: readonly Value[],
    readonly index: number,
    /** What `loop.changed()` was called with last, in any of the iterations. */
    readonly before: { changed: readonly Value[] | undefined },
  ) {}
}

export interface Call {
  readonly positional: readonly Value[];
  readonly keyword: ReadonlyMap<string, Value>;
}

/** A filter or a method: what it works on comes first. */
export type Operation<Subject extends Value = Value> = (
  subject: Subject,
  call: Call,
  budget: Budget,
) => Value;

export class Callable {
  constructor(
    readonly name: string,
    readonly call: (call: Call) => Value | Steps<Value>,
  ) {}
}

function isLongKey(key: Value): boolean {
  return key instanceof Text && key.value.length > longestKey;
}

function hash(key: Value): Key {
  if (key instanceof Text) return key.value;
  if (key instanceof Float) return key.value;
  if (typeof key === "boolean") return Number(key);
  if (key === null || typeof key === "number") return key;
  throw new TemplateError(`unhashable type: '${typeName(key)}'`);
}

export function typeName(value: Value): string {
  if (value === null) return "NoneType";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "number") return "int";
  if (value instanceof Float) return "float";
  if (value instanceof Text) return "str";
  if (value instanceof List) return value.type;
  if (value instanceof Dict) return "dict";
  if (value instanceof Undefined) return "Undefined";
  if (value instanceof Loop) return "LoopContext";
  return value instanceof Namespace ? "Namespace" : "function";
}

export function isTrue(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Text) return value.value !== "";
  if (value instanceof List) return value.type === "generator" || value.items.length > 0;
  return !(value instanceof Dict) || value.size > 0;
}

/** A number, as Python's arithmetic takes it: booleans count as 0 and 1. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return value instanceof Float ? value.value : undefined;
}

/** Python's integers have no bound; here they end where they are no longer exact. */
export function integerOf(value: number): number {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
  throw new TemplateError("an integer is beyond 2^53");
}

export function isEqual(left: Value, right: Value, budget: Budget): boolean {
  budget.spend(1);
  const [one, other] = [numberOf(left), numberOf(right)];
  if (one !== undefined || other !== undefined) return one === other;
  if (left instanceof Text) return right instanceof Text && isSameText(left, right, budget);
  if (left instanceof Undefined) return right instanceof Undefined;
  if (left instanceof List && right instanceof List) {
    if (left.type === "generator" || right.type === "generator") return left === right;
    if (left.type !== right.type || left.items.length !== right.items.length) return false;
    return left.items.every((item, index) => isEqual(item, right.items[index] ?? null, budget));
  }
  if (left instanceof Dict && right instanceof Dict) {
    if (left.size !== right.size) return false;
    return left.entries().every(([key, value]) => {
      const same = right.get(key);
      return same !== undefined && isEqual(value, same, budget);
    });
  }
  return left === right;
}

function isSameText(left: Text, right: Text, budget: Budget): boolean {
  if (left === right) return true;
  budget.spendComparison(left.value, right.value);
  return left.value === right.value;
}

/** Negative, zero or positive, as `<` orders them. */
export function compare(left: Value, right: Value, budget: Budget): number {
  budget.spend(1);
  const [one, other] = [numberOf(left), numberOf(right)];
  if (one !== undefined && other !== undefined) return one - other;
  if (left instanceof Text && right instanceof Text) {
    budget.spendUnits(Math.min(left.value.length, right.value.length));
    return compareTexts(left.value, right.value);
  }
  if (left instanceof List && right instanceof List && left.type === right.type) {
    for (const [index, item] of left.items.entries()) {
      const counterpart = right.items[index];
      if (counterpart === undefined) return 1;
      if (!isEqual(item, counterpart, budget)) return compare(item, counterpart, budget);
    }
    return left.items.length - right.items.length;
  }
  if (left instanceof Undefined) left.refuse();
  if (right instanceof Undefined) right.refuse();
  const types = `'${typeName(left)}' and '${typeName(right)}'`;
  throw new TemplateError(`'<' not supported between instances of ${types}`);
}

function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** A value that may be missing; `??` takes None for missing too. */
export function orElse(value: Value | undefined, fallback: Value): Value {
  return value === undefined ? fallback : value;
}

/** What a loop goes through. */
export function itemsOf(value: Value, budget: Budget): readonly Value[] {
  if (value instanceof List) {
    budget.spendItems(value.items.length);
    return value.items;
  }
  if (value instanceof Dict) {
    budget.spendItems(value.size);
    return value.entries().map(([key]) => key);
  }
  if (value instanceof Text) {
    budget.spendItems(value.value.length);
    return charactersOf(value);
  }
  if (value instanceof Undefined) return [];
  throw new TemplateError(`'${typeName(value)}' object is not iterable`);
}

/** Characters as Python counts them: code points. */
export function charactersOf(text: Text): Text[] {
  const characters: Text[] = [];
  let place = 0;
  for (const character of text.value) {
    characters.push(text.slice(place, place + character.length));
    place += character.length;
  }
  return characters;
}

export function lengthOf(value: Value, budget: Budget): number {
  if (value instanceof Text) {
    budget.spendUnits(value.value.length);
    return codePoints(value.value);
  }
  if (value instanceof Dict) return value.size;
  if (value instanceof Undefined) return 0;
  if (value instanceof List && value.type !== "generator") return value.items.length;
  throw new TemplateError(`object of type '${typeName(value)}' has no len()`);
}

/** The UTF-16 units of a text's first characters. */
export function unitsOf(text: string, characters: number): number {
  let units = 0;
  let left = characters;
  for (const character of text) {
    if (left-- <= 0) break;
    units += character.length;
  }
  return units;
}

export function codePoints(text: string): number {
  let count = text.length;
  for (let at = 1; at < text.length; at++) {
    // A trailing surrogate behind a leading one.
    const isPair = (text.charCodeAt(at) & 0xfc00) === 0xdc00;
    if (isPair && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800) count--;
  }
  return count;
}
