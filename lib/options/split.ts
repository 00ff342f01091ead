import type { SplitOptions } from "../prompt/split-code.ts";
import { checkOptions, integer, invalidArgument, type Rules } from "./check.ts";

const splitRules: Rules = {
  maxTokens: integer(8, 2 ** 31 - 1),
  overlap: integer(0, 2 ** 31 - 1),
};

/** @throws CodeLlamaError `INVALID_ARGUMENT` */
export function checkSplitOptions(options: SplitOptions, where: string): SplitOptions {
  const checked = checkOptions(options, splitRules, where);
  const { maxTokens, overlap = 0 } = checked;
  if (maxTokens === undefined) throw invalidArgument(`${where}: maxTokens is missing`);
  if (overlap * 2 <= maxTokens) return checked;
  throw invalidArgument(`${where}: overlap must be at most half of maxTokens, not ${overlap}`);
}
