import { boolean, oneOf, type Rules } from "./check.ts";
import { type ComputeOptions, computeTable } from "./shared.ts";
import { rulesOf } from "./table.ts";

/** How to embed texts. */
export interface EmbedOptions extends ComputeOptions {
  /**
   * Hidden states that make the embedding: the mean over all tokens, or the state after the last
   * token. Default `"mean"`.
   */
  readonly pooling?: "mean" | "last";
  /** Scales each embedding to length 1. Default true. */
  readonly normalize?: boolean;
}

export const embedRules: Rules = {
  pooling: oneOf("mean", "last"),
  normalize: boolean,
  ...rulesOf(computeTable),
};
