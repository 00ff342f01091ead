import { invalidArgument, show } from "../base/arguments.ts";
import type { NativeRequest } from "../native/binding.ts";
import type { SamplingOptions } from "../native/sampling-options.ts";
import {
  abortSignal,
  boolean,
  copyRecord,
  integer,
  isRecord,
  listOf,
  number,
  oneOf,
  type Rule,
  required,
} from "./check.ts";
import { samplingTable } from "./sampling.ts";
import { type StopOptions, stopTable } from "./stop.ts";
import type { EngineFacts, NativeTable, OptionTable } from "./table.ts";
import { type LogitBias, logitBiasPairs, logitBiasRule, stopTokenIds } from "./token-options.ts";

/** Order of requests: an editor's keystroke, a conversation, a batch job. */
export type Priority = "interactive" | "normal" | "background";

/** Ends text that repeats itself, as text from base models sometimes does. */
export interface RepetitionOptions {
  /** How often a block of up to 64 tokens may occur in a row. Range 1 to 10000. */
  readonly maxRepeats: number;
}

/** Options of every call that runs the model. */
export interface ComputeOptions {
  /**
   * Scales of the loaded LoRA adapters by name; adapters that are left out are off. Requests with
   * different scales take turns, step by step. Default: all adapters with the scales of the load.
   */
  readonly loras?: Readonly<Record<string, number>>;
  /** Default `"normal"`. */
  readonly priority?: Priority;
  /**
   * Refuses a longer prompt with `CONTEXT_OVERFLOW`, after it was shortened as `overflow` says.
   * Default: no limit but the context window. Range 1 to 2³¹-1.
   */
  readonly maxPromptTokens?: number;
  /** Aborts the call, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options that `generate`, `infill` and `chat` share. */
export interface SharedOptions
  extends Omit<SamplingOptions, "ignoreEos">,
    StopOptions,
    ComputeOptions {
  /** Maximum number of new tokens; 0 only computes the prompt. Default: until the context is full. */
  readonly maxTokens?: number;
  /** Added to the logits of tokens; `-Infinity` forbids a token. Range -Infinity to 1e6. */
  readonly logitBias?: LogitBias;
  /** Ids of tokens that end the generation and are not part of the result. At most 64. */
  readonly stopTokens?: readonly number[];
  /**
   * `false` computes the whole prompt: the request takes nothing from the prefix cache and leaves
   * nothing there. `n` answers then compute the prompt `n` times. Default `true`.
   */
  readonly prefixCache?: boolean;
  /** Ends with `finishReason: "repetition"` when a block of tokens repeats. Default: off. */
  readonly repetition?: RepetitionOptions;
  /**
   * Number of answers to the prompt, which is computed once; `choices` of the result has all of
   * them. Answers use the seeds `seed`, `seed + 1`, … Default 1; range 1 to 128.
   */
  readonly n?: number;
  /**
   * Number of answers to generate, of which the `n` with the highest mean log-probability are kept.
   * No answer is shown before all are finished. Default: `n`; range `n` to 128.
   */
  readonly bestOf?: number;
  /**
   * Adds log-probabilities to the result: of each new token and of this many most likely tokens in
   * its place, from the model's distribution before bias, penalties, temperature and filters.
   * Default: none; range 0 to 100.
   */
  readonly logprobs?: number;
  /**
   * Milliseconds from the call to the end, waiting included. The generation then ends with the text
   * so far and `finishReason: "timeout"`; the engine checks between two steps. To reject instead,
   * pass `signal: AbortSignal.timeout(…)`. Default: none; range 1 to 2³¹-1.
   */
  readonly timeoutMs?: number;
}

/** As `maxTokens`: until the context is full. */
export const noTokenLimit = 2 ** 32 - 1;

const loraScale = number(-100, 100);
const mostLoras = 64;

const loraScales: Rule<Readonly<Record<string, number>>> = {
  allowed: `an object of at most ${mostLoras} adapters' names and scales between -100 and 100`,
  copy: copyRecord,
  accepts: (value) => {
    if (!isRecord(value)) return false;
    const scales = Object.values(value);
    return scales.length <= mostLoras && scales.every(loraScale.accepts);
  },
};

const repetitionTable = {
  maxRepeats: {
    rule: required(integer(1, 10_000)),
    doc: "allow a block of tokens this often in a row",
  },
} as const satisfies OptionTable<RepetitionOptions>;

/** The options of every call that runs the model. */
export const computeTable = {
  loras: {
    rule: loraScales,
    form: "{ [name]: scale }",
    native: (loras, where, engine) => ({ loraScales: scalesOf(loras, where, engine) }),
    defaultText: "the scales of the load",
    off: [[]],
    field: "lora",
    doc: "set the scales of LoRA adapters by name",
  },
  priority: {
    rule: oneOf("interactive", "normal", "background"),
    native: "same",
    default: "normal",
    off: "always",
    field: "priority",
    doc: "choose which waiting requests run first",
  },
  maxPromptTokens: {
    rule: integer(1, 2 ** 31 - 1),
    native: "none",
    doc: "refuse a prompt with more tokens",
  },
  signal: { rule: abortSignal, native: "none", doc: "abort the call" },
} as const satisfies NativeTable<ComputeOptions, NativeRequest>;

/** The options that `generate`, `infill` and `chat` share. */
export const sharedTable = {
  maxTokens: {
    rule: integer(0, noTokenLimit),
    native: "same",
    defaultText: "until the context is full",
    field: "max_tokens",
    flag: { value: "number", short: "-n" },
    doc: "generate at most this many tokens",
  },
  ...samplingTable,
  logitBias: {
    rule: logitBiasRule,
    form: "{ [token]: bias }",
    native: (bias, where, { model }) => ({
      logitBias: logitBiasPairs(bias, model.vocabularySize, where),
    }),
    off: [[], {}],
    field: "logit_bias",
    doc: "add to the logits of tokens; -Infinity forbids one",
  },
  ...stopTable,
  stopTokens: {
    rule: listOf(integer(0, 2 ** 31 - 1), 64),
    native: (ids, where, { model }) => ({
      stopTokens: stopTokenIds(ids, model.vocabularySize, where),
    }),
    off: [[]],
    field: "stop_token_ids",
    doc: "end before one of these token ids",
  },
  prefixCache: {
    rule: boolean,
    native: "same",
    default: true,
    off: [true],
    field: "cache_prompt",
    doc: "reuse cached prompt tokens and cache new ones",
  },
  repetition: {
    options: repetitionTable,
    native: ({ maxRepeats }) => ({ maxRepeats }),
    doc: "end when a block of tokens repeats too often",
  },
  n: {
    rule: integer(1, 128),
    native: "none",
    default: 1,
    off: [1],
    field: "n",
    doc: "generate this many answers",
  },
  bestOf: {
    rule: integer(1, 128),
    native: "none",
    defaultText: "`n`",
    doc: "generate this many answers and keep the best n",
  },
  logprobs: {
    rule: integer(0, 100),
    native: "same",
    doc: "add log-probabilities, with this many alternatives",
  },
  ...computeTable,
  timeoutMs: {
    rule: integer(1, 2 ** 31 - 1),
    native: "same",
    doc: "end with the text so far after this time",
  },
} as const satisfies NativeTable<SharedOptions, NativeRequest>;

/** Scales of the loaded adapters in the order of the load. */
function scalesOf(
  loras: Readonly<Record<string, number>>,
  where: string,
  engine: EngineFacts,
): readonly number[] {
  const names = engine.loras.map(({ name }) => name);
  const unknown = Object.keys(loras).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw invalidArgument(
      `${where}: loras: no adapter ${show(unknown)} was loaded; ` +
        `${names.length === 0 ? "none was" : `there are ${names.join(", ")}`}`,
    );
  }
  return names.map((name) => loras[name] ?? 0);
}
