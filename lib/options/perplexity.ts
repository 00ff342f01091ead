import { integer, type Rules } from "./check.ts";
import { type ComputeOptions, computeTable } from "./shared.ts";
import { rulesOf } from "./table.ts";

/** How to measure perplexity. */
export interface PerplexityOptions extends ComputeOptions {
  /**
   * Number of tokens that the model sees at once. Windows overlap by half. Each token counts once, in
   * the window with most of the text before it. Default: the context, but at most 2048; range 2 to
   * the context.
   */
  readonly windowSize?: number;
}

export const perplexityRules: Rules = {
  windowSize: integer(2, 2 ** 31 - 1),
  ...rulesOf(computeTable),
};
