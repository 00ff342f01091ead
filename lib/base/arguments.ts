import { CodeLlamaError } from "../errors.ts";
import { isError } from "./brands.ts";

/**
 * Reads a value that a caller gave. A getter or a Proxy of the caller may throw meanwhile: that is the
 * caller's mistake.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, with the thrown value as its cause
 */
export function readArgument<Value>(name: string, read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (CodeLlamaError.isInstance(cause)) throw cause;
    const message = `${name} cannot be read: ${failureText(cause)}`;
    throw new CodeLlamaError("INVALID_ARGUMENT", message, { cause });
  }
}

function failureText(cause: unknown): string {
  try {
    if (isError(cause)) return String(cause.message);
  } catch {
    // The error's `message` is a getter of the caller that throws too.
  }
  return show(cause);
}

export function invalidArgument(message: string): CodeLlamaError {
  return new CodeLlamaError("INVALID_ARGUMENT", message);
}

/** Short text for a value in an error message. Long strings are cut, so that no user text leaks. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    // V8 flattens a concatenated string before it slices it.
    if (value.length > 2 ** 20) return `a string of ${value.length} characters`;
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  }
  if (typeof value === "number" || typeof value === "boolean" || value == null) return `${value}`;
  // Writing the digits of a huge bigint takes seconds.
  if (typeof value === "bigint" && BigInt.asIntN(64, value) === value) return `${value}n`;
  if (typeof value !== "object") return `a ${typeof value}`;
  try {
    return Array.isArray(value) ? arrayText(value) : `an object of ${className(value)}`;
  } catch {
    return "an object that cannot be read";
  }
}

function arrayText(array: readonly unknown[]): string {
  for (let index = 0; index < Math.min(array.length, 1000); index++) {
    if (!(index in array)) return `an array of ${array.length} with holes`;
  }
  return `an array of ${array.length}`;
}

function className(value: object): string {
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? name.slice(0, 40) : "no class";
}
