import { abortSignal, boolean, oneOf, type Rules } from "./check.ts";
import { type GenerateOptions, loraScales, priority } from "./generate.ts";

/** How to embed texts. */
export interface EmbedOptions extends Pick<GenerateOptions, "loras" | "priority" | "signal"> {
  /** The mean of the hidden states behind all tokens, or that behind the last. Default `"mean"`. */
  readonly pooling?: "mean" | "last";
  /** Scales each embedding to length 1. Default true. */
  readonly normalize?: boolean;
}

export const embedRules: Rules = {
  pooling: oneOf("mean", "last"),
  normalize: boolean,
  loras: loraScales,
  priority,
  signal: abortSignal,
};
