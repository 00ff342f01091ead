import { types } from "node:util";

// Jest, vm contexts and worker-like sandboxes have classes of their own. `instanceof` is false for
// their values, so that lib/ asks for internal slots (util.types) or for the protocol instead.

/** Whether a value works as an AbortSignal: of any realm, of jsdom or of a polyfill. */
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

/** The address that a URL of any realm stands for; undefined for other values. */
export function hrefOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { href, [Symbol.toStringTag]: tag } = value as Partial<URL> & {
    readonly [Symbol.toStringTag]?: unknown;
  };
  return tag === "URL" && typeof href === "string" ? href : undefined;
}

/** Whether a value is an error: of any realm. */
export const isError = (value: unknown): value is Error => types.isNativeError(value);

/**
 * A copy of tokens: of any realm, without the caller's classes or iterators.
 * @throws TypeError for an array whose memory was transferred away
 */
export function copyTokens(tokens: Int32Array): Int32Array {
  return new Int32Array(tokens);
}
