// Sampling options that the addon reads under the names that callers use: ReadSampling() in
// native/addon/option_reader.cc.

/** Don't-repeat-yourself sampling: lowers tokens that would continue a repetition. */
export interface DryOptions {
  /** Strength; 0 is off. Range 0 to 100. */
  readonly multiplier: number;
  /** Growth of the penalty with the length of the repetition. Default 1.75; range 1 to 10. */
  readonly base?: number;
  /** Longest repetition in tokens that has no penalty. Default 2; range 0 to 1000. */
  readonly allowedLength?: number;
  /** Number of last tokens to search for repetitions; -1 is the whole context. Default -1. */
  readonly lastN?: number;
  /** Texts that end a repetition. Default `["\n", ":", "\"", "*"]`. At most 64. */
  readonly sequenceBreakers?: readonly string[];
}

/** Exclude-top-choices sampling: sometimes drops all likely tokens except the least likely of them. */
export interface XtcOptions {
  /** Probability that it applies to a token; 0 is off. Range 0 to 1. */
  readonly probability: number;
  /** Probability from which a token counts as likely. Default 0.1; range 0 to 1 (off above 0.5). */
  readonly threshold?: number;
}

/** Mirostat (arXiv 2007.14966): holds the surprise of the text at a level. Replaces all filters. */
export interface MirostatOptions {
  /** Version of the algorithm. */
  readonly version: 1 | 2;
  /** Target cross-entropy. Default 5; range 0 to 100. */
  readonly tau?: number;
  /** Learning rate. Default 0.1; range 0 to 1. */
  readonly eta?: number;
}

/** How the engine chooses the next token. */
export interface SamplingOptions {
  /** Randomness; 0 always takes the most likely token. Default 0.2; range 0 to 100. */
  readonly temperature?: number;
  /**
   * Nucleus sampling: keeps the most likely tokens until their probabilities add up to this value.
   * 1 is off. Default 0.95; range 0 to 1.
   */
  readonly topP?: number;
  /** Keeps this many of the most likely tokens. 0, the default, is off. Range 0 to 2³¹-1. */
  readonly topK?: number;
  /**
   * Drops tokens whose probability is below this share of the most likely token's. 0, the default,
   * is off. Range 0 to 1.
   */
  readonly minP?: number;
  /** Locally typical sampling (arXiv 2202.00666). 1, the default, is off. Range 0 to 1. */
  readonly typicalP?: number;
  /** Divisor of the logits of recent tokens. 1, the default, is off. Range 0.01 to 100. */
  readonly repeatPenalty?: number;
  /** Subtracted from a recent token's logit once per occurrence. Default 0; range -100 to 100. */
  readonly frequencyPenalty?: number;
  /** Subtracted from a recent token's logit once. Default 0; range -100 to 100. */
  readonly presencePenalty?: number;
  /**
   * Number of last tokens that the three penalties look at, prompt included; -1 is the whole
   * context. Default 64.
   */
  readonly penaltyLastN?: number;
  /** Penalty for repetitions of several tokens. Default: off. */
  readonly dry?: DryOptions;
  /** Sampling that avoids the most likely tokens. Default: off. */
  readonly xtc?: XtcOptions;
  /** Sampling with a target cross-entropy. Default: off. */
  readonly mirostat?: MirostatOptions;
  /**
   * Seed of the random numbers, 0 to 2³²-2. Default: a random seed, which the result contains. The
   * same seed, options and build give the same text when the request runs alone and the model was
   * loaded with `prefixCache: false` and `speculation: false`: batching changes floating-point
   * rounding, which occasionally changes a sampled token.
   */
  readonly seed?: number;
  /** Forbids the end tokens, so that the text never ends by itself. Default false. */
  readonly ignoreEos?: boolean;
}
