import { invalidArgument, readArgument, show } from "../base/arguments.ts";
import type { Rule } from "./check.ts";

/** Limits of JSON data from a caller. */
export interface JsonLimits {
  /** Maximum number of nested objects and arrays. */
  readonly depth: number;
  /** Maximum number of values, plus characters of names and texts. */
  readonly size: number;
}

/** Limits of tool definitions and of the other properties of a message. */
export const dataLimits: JsonLimits = { depth: 64, size: 2 ** 20 };

/**
 * Copies JSON-like data. Shared and circular values are copied at each place, so that the limits hold
 * for the resulting JSON. `undefined` counts as absent, and `toJSON` as in JSON.stringify.
 * @param name - name of the argument for messages
 * @throws CodeLlamaError `INVALID_ARGUMENT` for what JSON has no form for, and beyond the limits
 */
export function copyJson(value: unknown, name: string, limits: JsonLimits): unknown {
  return readArgument(name, () => new JsonCopier(name, limits).copy(value, name, "", 0));
}

/** The rule for a JSON object within limits. Copies it. */
export function jsonObject(limits: JsonLimits): Rule<object> {
  return {
    allowed: "an object",
    copy: (value, name) => copyJson(value, name, limits),
    accepts: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  };
}

class JsonCopier {
  readonly #name: string;
  readonly #limits: JsonLimits;
  #size = 0;

  constructor(name: string, limits: JsonLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  copy(given: unknown, place: string, key: string, depth: number): unknown {
    const value = representation(given, key);
    this.#add(typeof value === "string" ? value.length : 1);
    if (value === null || typeof value === "string" || typeof value === "boolean") return value;
    if (typeof value === "number" && Number.isFinite(value)) return value;
    if (typeof value !== "object") {
      throw invalidArgument(`${place} must be JSON (got ${show(value)})`);
    }
    if (depth === this.#limits.depth) {
      throw invalidArgument(`${this.#name} is nested more than ${this.#limits.depth} deep`);
    }
    return Array.isArray(value)
      ? this.#copyArray(value, place, depth)
      : this.#copyObject(value, place, depth);
  }

  #copyArray(array: readonly unknown[], place: string, depth: number): unknown[] {
    const copy: unknown[] = [];
    const { length } = array;
    this.#add(length);
    for (let index = 0; index < length; index++) {
      copy.push(this.copy(array[index], `${place}[${index}]`, String(index), depth + 1));
    }
    return copy;
  }

  #copyObject(object: object, place: string, depth: number): object {
    const copy: [string, unknown][] = [];
    for (const name of Object.keys(object)) {
      this.#add(name.length);
      const value: unknown = (object as Record<string, unknown>)[name];
      if (value === undefined) continue;
      copy.push([name, this.copy(value, `${place}.${name}`, name, depth + 1)]);
    }
    // Unlike an assignment, it treats `__proto__` like any other name.
    return Object.fromEntries(copy);
  }

  #add(size: number): void {
    this.#size += size;
    if (this.#size <= this.#limits.size) return;
    throw invalidArgument(
      `${this.#name} must have at most ${this.#limits.size} values and characters`,
    );
  }
}

function representation(value: unknown, key: string): unknown {
  if (typeof value !== "object" || value === null) return value;
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === "function" ? toJSON.call(value, key) : value;
}
