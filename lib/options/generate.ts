import type { NativeRequest } from "../native/binding.ts";
import type { SamplingOptions } from "../native/sampling-options.ts";
import { boolean, integer, number, oneOf } from "./check.ts";
import { type SharedOptions, sharedTable } from "./shared.ts";
import { type StructureOptions, structureTable } from "./structure.ts";
import type { NativeTable } from "./table.ts";

/** Beam search. */
export interface BeamOptions {
  /**
   * Beam search: follows this many of the most likely sequences at once instead of sampling, and
   * shows the best one, or the best `n`, at the end. Sampling options have no effect. Excludes
   * grammars and `bestOf`. Fast only with the prefix cache. Default: off; range 2 to 32.
   */
  readonly beams?: number;
  /**
   * Beams are ranked by log-probability divided by length to this power: below 1, shorter texts win
   * more often. Default 1; range 0 to 10.
   */
  readonly lengthPenalty?: number;
}

/**
 * How to generate. Filters work in the order of Meta's reference: logit bias and penalties first,
 * then temperature, then the filters on the distribution with temperature: topK, typicalP, topP,
 * minP, XTC.
 */
export interface GenerateOptions
  extends SharedOptions,
    BeamOptions,
    StructureOptions,
    Pick<SamplingOptions, "ignoreEos"> {
  /**
   * What happens to a text that leaves no room in the context for `maxTokens` (or for a quarter of
   * the context, if that is less): `"error"`, the default, rejects it when not even one token fits;
   * `"truncate"` keeps its end, in whole lines.
   */
  readonly overflow?: "error" | "truncate";
  /** `"python"` requires a Python specialist and rejects other models. Default `"completion"`. */
  readonly mode?: "completion" | "python";
  /**
   * Adds log-probabilities of the prompt's tokens, except the first, to the result. All of them are
   * then computed. Default false.
   */
  readonly promptLogprobs?: boolean;
  /** Reads control tokens that a text prompt spells out, such as `</s>`, as tokens. Default false. */
  readonly special?: boolean;
  /**
   * Generates the prompt's last token again: where a text ends inside a word, that token may be the
   * first half of a longer one. The token then counts as new, and `tokens` begins with its
   * replacement. Default false.
   */
  readonly tokenHealing?: boolean;
}

/** Options that only `generate` has. */
export type CompletionOption = "mode" | "special" | "ignoreEos" | "promptLogprobs" | "tokenHealing";

/** The options of beam search; lib/modes/beams.ts reads them. */
export const beamTable = {
  beams: {
    rule: integer(2, 32),
    native: "none",
    doc: "follow this many sequences in a beam search",
  },
  lengthPenalty: {
    rule: number(0, 10),
    native: "none",
    default: 1,
    doc: "weigh the length when ranking beams",
  },
} as const satisfies NativeTable<BeamOptions, NativeRequest>;

/** The options of `generate`. */
export const generateTable = {
  ...sharedTable,
  bestOf: { ...sharedTable.bestOf, off: [1], field: "best_of" },
  logprobs: { ...sharedTable.logprobs, off: [false, 0], field: "logprobs" },
  ...beamTable,
  promptLogprobs: {
    rule: boolean,
    native: "same",
    default: false,
    doc: "add log-probabilities of the prompt's tokens",
  },
  ...structureTable,
  overflow: {
    rule: oneOf("error", "truncate"),
    native: "none",
    default: "error",
    doc: "reject or truncate a prompt that is too long",
  },
  mode: {
    rule: oneOf("completion", "python"),
    native: "none",
    default: "completion",
    doc: 'require a Python specialist with "python"',
  },
  tokenHealing: {
    rule: boolean,
    native: "same",
    default: false,
    off: [false],
    field: "token_healing",
    doc: "generate the prompt's last token again",
  },
  special: {
    rule: boolean,
    native: "none",
    default: false,
    doc: "read control tokens that the prompt spells out",
  },
  ignoreEos: {
    rule: boolean,
    native: "same",
    default: false,
    off: [false],
    field: "ignore_eos",
    doc: "forbid the end tokens",
  },
} as const satisfies NativeTable<GenerateOptions, NativeRequest>;
