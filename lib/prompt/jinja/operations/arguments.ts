import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { isTrue } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import { type Call, typeName, type Value } from "../values/values.ts";

/** The arguments of a call by parameter name. */
export class BoundArguments {
  readonly #where: string;
  readonly #values = new Map<string, Value>();

  /**
   * @param where - the function or filter, for messages
   * @param names - its parameters in order
   * @throws TemplateError for an argument without a parameter
   */
  constructor(where: string, { positional, keyword }: Call, names: readonly string[]) {
    this.#where = where;
    if (positional.length > names.length) {
      throw new TemplateError(
        `${where} takes at most ${names.length} arguments (got ${positional.length})`,
      );
    }
    for (const [index, value] of positional.entries()) this.#values.set(names[index] ?? "", value);
    for (const [name, value] of keyword) {
      if (!names.includes(name) || this.#values.has(name)) {
        throw new TemplateError(`${where} got an unexpected keyword argument '${name}'`);
      }
      this.#values.set(name, value);
    }
  }

  /** Undefined if the call does not give the argument. */
  get(name: string): Value | undefined {
    return this.#values.get(name);
  }

  required(name: string): Value {
    const value = this.#values.get(name);
    if (value === undefined) {
      throw new TemplateError(`${this.#where}: the argument '${name}' is missing`);
    }
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
    throw this.#wrongType(name, "an integer", value);
  }

  text(name: string, fallback?: string): Text {
    const value = this.#values.get(name);
    if (value === undefined && fallback !== undefined) return new Text(fallback);
    if (value instanceof Text) return value;
    throw this.#wrongType(name, "a string", value);
  }

  /** An argument of any type, converted to a text. */
  asText(name: string, fallback: string, budget: Budget): Text {
    const value = this.#values.get(name);
    return value === undefined ? new Text(fallback) : toText(value, budget);
  }

  #wrongType(name: string, allowed: string, value: Value | undefined): TemplateError {
    const type = value === undefined ? "nothing" : typeName(value);
    return new TemplateError(`${this.#where}: ${name} must be ${allowed} (got ${type})`);
  }
}
