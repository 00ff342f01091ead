import { invalidArgument } from "../base/arguments.ts";
import { checkOptions, integer, type Rules, required } from "./check.ts";

/** How to cut long source code into pieces. */
export interface SplitOptions {
  /** Maximum number of tokens of a piece. Range 8 to 2³¹-1. */
  readonly maxTokens: number;
  /**
   * Maximum number of tokens that a piece repeats from the end of the piece before it, in whole
   * lines. Default 0; at most half of `maxTokens`.
   */
  readonly overlap?: number;
}

const splitRules: Rules = {
  maxTokens: required(integer(8, 2 ** 31 - 1)),
  overlap: integer(0, 2 ** 31 - 1),
};

/** @throws CodeLlamaError `INVALID_ARGUMENT` */
export function checkSplitOptions(options: SplitOptions, where: string): SplitOptions {
  const checked = checkOptions(options, splitRules, where);
  const { maxTokens, overlap = 0 } = checked;
  if (overlap * 2 <= maxTokens) return checked;
  throw invalidArgument(`${where}: overlap must be at most half of maxTokens (got ${overlap})`);
}
