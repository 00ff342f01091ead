import { types } from "node:util";
import { copyTokens } from "../base/brands.ts";
import { anyText, copyList, longestText, mostElements, type Rule } from "./check.ts";

/** A text, or tokens taken as they are. */
export type TextOrTokens = string | Int32Array;

/** Tokens of one argument: more than the longest context windows hold. */
const mostTokens = 2 ** 24;

/** Tokens are copied: their array may change while a request waits. */
export const textOrTokens: Rule = {
  allowed: `a string of at most ${longestText} characters, or an Int32Array of at most ${mostTokens}`,
  copy: copyOf,
  accepts: isTextOrTokens,
};

/** One text or several; the copy is always an array. */
export const textsOrTokens: Rule = {
  allowed: `${textOrTokens.allowed}; or an array of at most ${mostElements} of them`,
  copy: (value) =>
    isTextOrTokens(value) ? [copyOf(value)] : copyList(value, mostElements, copyOf),
  accepts: (value) => Array.isArray(value) && value.every(isTextOrTokens),
};

/** Token ids, as an Int32Array whatever kind of array they come in. */
export const tokenIds: Rule = {
  allowed: `an Int32Array or an array of at most ${mostTokens} whole numbers`,
  copy(value) {
    if (types.isInt32Array(value)) return copyOf(value);
    const ids = copyList(value, mostTokens, (id) => id);
    return ids?.every(isTokenId) ? Int32Array.from(ids as number[]) : undefined;
  },
  accepts: hasFewTokens,
};

export const tokenId: Rule = { allowed: "a whole number", accepts: isTokenId };

function isTokenId(value: unknown): boolean {
  return typeof value === "number" && (value | 0) === value;
}

function isTextOrTokens(value: unknown): value is TextOrTokens {
  return anyText.accepts(value) || hasFewTokens(value);
}

/** More tokens than are accepted are not copied. */
function copyOf(value: unknown): unknown {
  return hasFewTokens(value) ? copyTokens(value) : value;
}

function hasFewTokens(value: unknown): value is Int32Array {
  return types.isInt32Array(value) && value.length <= mostTokens;
}
