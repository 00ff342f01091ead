import { types } from "node:util";
import { type Rule, textUpTo } from "./check.ts";

/** A regular expression as the addon takes it. */
export interface Pattern {
  readonly source: string;
  /** Those of the flags `i`, `m` and `s` that are set. */
  readonly flags: string;
}

const allowedFlags = /^[dgimsu]*$/;

/** The rule for a RegExp whose flags the engine supports. Copies it. */
export function regExpUpTo(longest: number): Rule<RegExp> {
  return {
    allowed: `a RegExp of at most ${longest} characters without the flags v and y`,
    // The copy is of this realm, and none of its properties is the caller's.
    copy(value) {
      if (!types.isRegExp(value)) return undefined;
      const { source, flags } = value;
      return source.length > longest ? undefined : new RegExp(source, flags);
    },
    accepts: (value) => types.isRegExp(value) && allowedFlags.test(value.flags),
  };
}

const longestSource = 2 ** 16;
const regExp = regExpUpTo(longestSource);
const source = textUpTo(longestSource);

/** The rule for a RegExp or its source. */
export const regularExpression: Rule<string | RegExp> = {
  allowed: `${regExp.allowed}, or its source as a non-empty string`,
  ...(source.schema && { schema: source.schema }),
  copy: (value, name) => regExp.copy?.(value, name) ?? value,
  accepts: (value) => source.accepts(value) || regExp.accepts(value),
};

/** The pattern of a checked value. */
export function patternOf(expression: string | RegExp): Pattern {
  if (typeof expression === "string") return { source: expression, flags: "" };
  return { source: expression.source, flags: expression.flags.replace(/[^ims]/g, "") };
}
