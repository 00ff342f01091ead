import type { Steps } from "../../steps.ts";
import type { Budget } from "../budget.ts";
import { LimitError, TemplateError } from "../errors.ts";
import { Text } from "./text.ts";

/**
 * A value of an expression, with Python's semantics. `null` is None, a number is an int; a float is a
 * `Float`, because Python prints 1 and 1.0 differently.
 */
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

/** The value of a missing name, attribute or item. Most operations on it throw `message`. */
export class Undefined {
  constructor(readonly message: string) {}

  refuse(): never {
    throw new TemplateError(this.message);
  }
}

export class Float {
  constructor(readonly value: number) {}
}

/** Python's type of a `List`. */
export type ListType =
  | "list"
  | "tuple"
  | "range"
  | "dict_keys"
  | "dict_values"
  | "dict_items"
  | "generator";

/** Any of Python's ordered collections. A generator has no length and no items by index. */
export class List {
  constructor(
    readonly items: readonly Value[],
    readonly type: ListType = "list",
  ) {}

  /** Whether `list[0]` works. Views of dicts and generators can only be iterated. */
  get hasIndices(): boolean {
    return this.type === "list" || this.type === "tuple" || this.type === "range";
  }
}

type Key = string | number | null;

// V8 hashes a longer string by its length alone. A map with many of them would take quadratic time.
const maxKeyLength = 2 ** 13;

/** Python's dict: keeps the order of insertion, and `1`, `1.0` and `True` are the same key. */
export class Dict {
  readonly #entries = new Map<Key, readonly [Value, Value]>();

  get size(): number {
    return this.#entries.size;
  }

  set(key: Value, value: Value): void {
    if (isLongKey(key)) {
      throw new LimitError(`uses a text of more than ${maxKeyLength} characters as a key`);
    }
    const known = this.#entries.get(toKey(key));
    this.#entries.set(toKey(key), [known === undefined ? key : known[0], value]);
  }

  get(key: Value): Value | undefined {
    return isLongKey(key) ? undefined : this.#entries.get(toKey(key))?.[1];
  }

  /** The value of a string key. */
  named(name: string): Value | undefined {
    return this.#entries.get(name)?.[1];
  }

  entries(): (readonly [Value, Value])[] {
    return [...this.#entries.values()];
  }
}

function isLongKey(key: Value): boolean {
  return key instanceof Text && key.value.length > maxKeyLength;
}

/** @throws TemplateError for a type that Python cannot hash */
function toKey(key: Value): Key {
  if (key instanceof Text) return key.value;
  if (key instanceof Float) return key.value;
  if (typeof key === "boolean") return Number(key);
  if (key === null || typeof key === "number") return key;
  throw new TemplateError(`unhashable type: '${typeName(key)}'`);
}

/** Result of `namespace()`: the only value that a template can assign attributes to. */
export class Namespace {
  readonly values = new Map<string, Value>();
}

/** The variable `loop` inside a `for`. */
export class Loop {
  constructor(
    readonly items: readonly Value[],
    readonly index: number,
    /** Arguments of the last `loop.changed()`. All iterations of the loop share this object. */
    readonly lastChanged: { values: readonly Value[] | undefined },
  ) {}
}

/** Evaluated arguments of a call. */
export interface Call {
  readonly positional: readonly Value[];
  readonly keyword: ReadonlyMap<string, Value>;
}

/** A macro, a built-in function or a bound method. */
export class Callable {
  constructor(
    readonly name: string,
    readonly call: (call: Call) => Value | Steps<Value>,
  ) {}
}

/** A filter or a method. The subject is the value before the `|` or the `.`. */
export type Operation<Subject extends Value = Value> = (
  subject: Subject,
  call: Call,
  budget: Budget,
) => Value;

/** Python's name of a value's type. */
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

/** `fallback` for undefined only. `??` would also replace None, which is a value. */
export function orElse(value: Value | undefined, fallback: Value): Value {
  return value === undefined ? fallback : value;
}
