import { types } from "node:util";
import { copyTokens } from "../brands.ts";
import { copyList, mostElements, type Rule } from "./check.ts";

/** A text, or tokens taken as they are. */
export type TextOrTokens = string | Int32Array;

/** Tokens are copied: their array may change while a request waits. */
export const textOrTokens: Rule = {
  allowed: "a string or an Int32Array",
  copy: (value) => (types.isInt32Array(value) ? copyTokens(value) : value),
  accepts: isTextOrTokens,
};

/** One text or several; the copy is always an array. */
export const textsOrTokens: Rule = {
  allowed: `a string, an Int32Array or an array of at most ${mostElements} of them`,
  copy: (value) =>
    isTextOrTokens(value) ? [copyOf(value)] : copyList(value, mostElements, copyOf),
  accepts: (value) => Array.isArray(value) && value.every(isTextOrTokens),
};

const mostTokens = 2 ** 24;

/** Token ids, as an Int32Array whatever kind of array they come in. */
export const tokenIds: Rule = {
  allowed: `an Int32Array or an array of at most ${mostTokens} whole numbers`,
  copy(value) {
    if (types.isInt32Array(value)) return copyTokens(value);
    const ids = copyList(value, mostTokens, (id) => id);
    return ids?.every(isTokenId) ? Int32Array.from(ids as number[]) : undefined;
  },
  accepts: types.isInt32Array,
};

export const tokenId: Rule = { allowed: "a whole number", accepts: isTokenId };

function isTokenId(value: unknown): boolean {
  return typeof value === "number" && (value | 0) === value;
}

function isTextOrTokens(value: unknown): value is TextOrTokens {
  return typeof value === "string" || types.isInt32Array(value);
}

function copyOf(value: unknown): unknown {
  return types.isInt32Array(value) ? copyTokens(value) : value;
}
