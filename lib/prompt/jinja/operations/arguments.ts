import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { Text } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import { type Call, isTrue, numberOf, typeName, type Value } from "../values/values.ts";

/** The arguments of a call by their names. */
export class Bound {
  readonly #where: string;
  readonly #values = new Map<string, Value>();

  /** @throws TemplateError for an argument that the function does not have */
  constructor(where: string, { positional, keyword }: Call, names: readonly string[]) {
    this.#where = where;
    if (positional.length > names.length) {
      throw new TemplateError(`${where} takes at most ${names.length} arguments`);
    }
    for (const [index, value] of positional.entries()) this.#values.set(names[index] ?? "", value);
    for (const [name, value] of keyword) {
      if (!names.includes(name) || this.#values.has(name)) {
        throw new TemplateError(`${where} got an unexpected keyword argument '${name}'`);
      }
      this.#values.set(name, value);
    }
  }

  get(name: string): Value | undefined {
    return this.#values.get(name);
  }

  required(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined)
      throw new TemplateError(`${this.#where} misses the argument '${name}'`);
    return value;
  }

  flag(name: string, fallback = false): boolean {
    const value = this.#values.get(name);
    return value === undefined ? fallback : isTrue(value);
  }

  integer(name: string, fallback?: number): number {
    const value = this.#values.get(name);
    if (value === undefined && fallback !== undefined) return fallback;
    if (typeof value === "number" || typeof value === "boolean") return Number(value);
    throw this.#mistyped(name, "an integer", value);
  }

  number(name: string, fallback: number): number {
    const value = this.#values.get(name);
    if (value === undefined) return fallback;
    const number = numberOf(value);
    if (number === undefined) throw this.#mistyped(name, "a number", value);
    return number;
  }

  text(name: string, fallback?: string): Text {
    const value = this.#values.get(name);
    if (value === undefined && fallback !== undefined) return new Text(fallback);
    if (value instanceof Text) return value;
    throw this.#mistyped(name, "a string", value);
  }

  /** Any value as a text. */
  shown(name: string, fallback: string, budget: Budget): Text {
    const value = this.#values.get(name);
    return value === undefined ? new Text(fallback) : toText(value, budget);
  }

  #mistyped(name: string, wanted: string, value: Value | undefined): TemplateError {
    const type = value === undefined ? "nothing" : typeName(value);
    return new TemplateError(`${this.#where}: ${name} must be ${wanted}, not ${type}`);
  }
}
