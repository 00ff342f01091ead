import { types } from "node:util";

// Brand checks that work across realms. Jest and vm contexts have their own copies of the built-in
// classes, and `instanceof` is false for their values. lib/ checks internal slots (util.types) or
// the members that it uses instead.

/** Whether a value works like an AbortSignal: from any realm, from jsdom or from a polyfill. */
export function isAbortSignal(value: unknown): value is AbortSignal {
  if (typeof value !== "object" || value === null) return false;
  const signal = value as Partial<AbortSignal> & { readonly [Symbol.toStringTag]?: unknown };
  return (
    signal[Symbol.toStringTag] === "AbortSignal" &&
    typeof signal.aborted === "boolean" &&
    typeof signal.addEventListener === "function" &&
    typeof signal.removeEventListener === "function"
  );
}

/** The `href` of a URL object from any realm. Undefined for other values. */
export function hrefOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { href, [Symbol.toStringTag]: tag } = value as Partial<URL> & {
    readonly [Symbol.toStringTag]?: unknown;
  };
  return tag === "URL" && typeof href === "string" ? href : undefined;
}

/** Whether a value is an Error from any realm. */
export const isError = (value: unknown): value is Error => types.isNativeError(value);

/**
 * Copies an Int32Array from any realm. The copy is not an instance of a class of the caller.
 * @throws TypeError if the array's buffer is detached
 */
export function copyTokens(tokens: Int32Array): Int32Array {
  return new Int32Array(tokens);
}
