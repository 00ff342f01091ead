import { types } from "node:util";
import { copyTokens } from "../base/brands.ts";
import { anyText, copyList, longestText, mostElements, type Rule } from "./check.ts";

/** A text, or tokens that are used as they are. */
export type TextOrTokens = string | Int32Array;

/** Maximum number of tokens of one argument: more than the longest context windows hold. */
const mostTokens = 2 ** 24;

/** The rule for a text or tokens. Tokens are copied: the caller may change the array while a request waits. */
export const textOrTokens: Rule = {
  allowed: `a string of at most ${longestText} characters, or an Int32Array of at most ${mostTokens}`,
  copy: copyOf,
  accepts: isTextOrTokens,
};

/** The rule for one text or several texts. The copy is always an array. */
export const textsOrTokens: Rule = {
  allowed: `${textOrTokens.allowed}; or an array of at most ${mostElements} of them`,
  copy: (value) =>
    isTextOrTokens(value) ? [copyOf(value)] : copyList(value, mostElements, copyOf),
  accepts: (value) => Array.isArray(value) && value.every(isTextOrTokens),
};

/** The rule for token ids in any array. The copy is always an Int32Array. */
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

/** Copies tokens, unless there are more than `mostTokens`. */
function copyOf(value: unknown): unknown {
  return hasFewTokens(value) ? copyTokens(value) : value;
}

function hasFewTokens(value: unknown): value is Int32Array {
  return types.isInt32Array(value) && value.length <= mostTokens;
}
