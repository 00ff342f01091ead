import { abortSignal, integer, type Rules } from "./check.ts";
import { type GenerateOptions, loraScales, priority } from "./generate.ts";

/** How to measure perplexity. */
export interface PerplexityOptions extends Pick<GenerateOptions, "loras" | "priority" | "signal"> {
  /**
   * Tokens that the model sees at once. Windows overlap by half, and each token counts once, in the
   * window that shows most of what is before it. Default: the context, but at most 2048; range 2 to
   * the context.
   */
  readonly windowSize?: number;
}

export const perplexityRules: Rules = {
  windowSize: integer(2, 2 ** 31 - 1),
  loras: loraScales,
  priority,
  signal: abortSignal,
};
