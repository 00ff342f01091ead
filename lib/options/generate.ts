import { invalidArgument, show } from "../base/arguments.ts";
import type { NativeRequest } from "../native/binding.ts";
import {
  abortSignal,
  boolean,
  checkOptions,
  copyRecord,
  either,
  integer,
  isRecord,
  listOf,
  number,
  oneOf,
  type Rule,
  type Rules,
  text,
  textUpTo,
} from "./check.ts";
import { type Structure, type StructureOptions, structureOf, structureRules } from "./structure.ts";
import { type LogitBias, logitBiasPairs, logitBiasRule, stopTokenIds } from "./token-options.ts";

/** Which requests go first: an editor's keystroke, a conversation, a batch job. */
export type Priority = "interactive" | "normal" | "background";

/** Don't-repeat-yourself sampling: punishes tokens that would go on with a repetition. */
export interface DryOptions {
  /** Strength; 0 is off. Range 0 to 100. */
  readonly multiplier: number;
  /** Growth with the repetition's length. Default 1.75; range 1 to 10. */
  readonly base?: number;
  /** Repetitions of up to this many tokens are free. Default 2; range 0 to 1000. */
  readonly allowedLength?: number;
  /** Tokens that are looked at; -1 is the whole context. Default -1. */
  readonly lastN?: number;
  /** Texts that no repetition reaches across. Default `["\n", ":", "\"", "*"]`. */
  readonly sequenceBreakers?: readonly string[];
}

/** Exclude-top-choices sampling: now and then leaves out all likely tokens but the last. */
export interface XtcOptions {
  /** How often. 0 is off; range 0 to 1. */
  readonly probability: number;
  /** What counts as likely. Default 0.1; range 0 to 1 (above 0.5 it never applies). */
  readonly threshold?: number;
}

/** Mirostat (arXiv 2007.14966): keeps the text's surprise at a level. Replaces all filters. */
export interface MirostatOptions {
  readonly version: 1 | 2;
  /** Target cross-entropy. Default 5; range 0 to 100. */
  readonly tau?: number;
  /** Learning rate. Default 0.1; range 0 to 1. */
  readonly eta?: number;
}

/** Ends text that goes round in circles, as base models' does at times. */
export interface RepetitionOptions {
  /** How often a block of up to 64 tokens may stand in a row. Range 1 to 10000. */
  readonly maxRepeats: number;
}

/**
 * How to generate. Filters work in the order of Meta's reference: logit bias and penalties, then
 * temperature, then topK, typicalP, topP, minP and XTC on the tempered distribution.
 */
export interface GenerateOptions extends StructureOptions {
  /** New tokens at most; 0 computes the prompt alone. Default: until the context is full. */
  readonly maxTokens?: number;
  /** 0 always takes the likeliest token. Default 0.2; range 0 to 100. */
  readonly temperature?: number;
  /** Keeps the likeliest tokens that make up this share. 1 is off. Default 0.95; range 0 to 1. */
  readonly topP?: number;
  /** Keeps this many of the likeliest tokens. 0, the default, is off. */
  readonly topK?: number;
  /** Drops tokens less likely than this share of the likeliest. 0, the default, is off. */
  readonly minP?: number;
  /** Locally typical sampling (arXiv 2202.00666). 1, the default, is off; range 0 to 1. */
  readonly typicalP?: number;
  /** Divides the logits of recent tokens. 1, the default, is off; range 0.01 to 100. */
  readonly repeatPenalty?: number;
  /** Taken off a recent token's logit once for each time. Default 0; range -100 to 100. */
  readonly frequencyPenalty?: number;
  /** Taken off a recent token's logit once. Default 0; range -100 to 100. */
  readonly presencePenalty?: number;
  /**
   * Tokens that the three penalties look back at, the prompt's included; -1 is the whole context.
   * Default 64.
   */
  readonly penaltyLastN?: number;
  readonly dry?: DryOptions;
  readonly xtc?: XtcOptions;
  readonly mirostat?: MirostatOptions;
  /** Added to tokens' logits; `-Infinity` forbids a token. Range -Infinity to 1e6. */
  readonly logitBias?: LogitBias;
  /**
   * Seed of the draws, 0 to 2³²-2. Default: a random one, told in the result. The same seed,
   * options and build give the same text when the request runs alone and the model was loaded with
   * `prefixCache: false` and `speculation: false`: tokens computed in other company are rounded
   * differently, which now and then tips a draw.
   */
  readonly seed?: number;
  /**
   * Texts that end the generation; they are not part of the result. The one that ends first in the
   * text wins, and the longest of those that end together. At most 64, of 4096 characters each.
   */
  readonly stop?: string | readonly string[];
  /** Ids of tokens that end the generation; they are not part of the result. At most 64. */
  readonly stopTokens?: readonly number[];
  /**
   * `false` computes the whole prompt: it takes nothing from the prefix cache and leaves nothing
   * there. `n` answers then compute it `n` times. Default `true`.
   */
  readonly prefixCache?: boolean;
  /** Ends with `finishReason: "repetition"` when a block of tokens repeats. Default: off. */
  readonly repetition?: RepetitionOptions;
  /**
   * Answers to make of the prompt, which is computed once; `choices` of the result has them all.
   * Seeds count up from `seed`. Default 1; range 1 to 128.
   */
  readonly n?: number;
  /**
   * Answers to make, of which the `n` with the highest mean log-probability are kept; none is shown
   * before all are there. Default: as `n`; range `n` to 128.
   */
  readonly bestOf?: number;
  /**
   * Beam search: follows this many of the likeliest texts at once instead of drawing tokens, and
   * shows the best at the end, or the best `n`. Sampling options are without effect; grammars and
   * `bestOf` cannot be had with it. Needs the prefix cache to be fast. Default: none; range 2 to
   * 32.
   */
  readonly beams?: number;
  /**
   * Beams are ranked by their log-probability over their length to this power: below 1 shorter
   * texts win more often. Default 1; range 0 to 10.
   */
  readonly lengthPenalty?: number;
  /**
   * Tells how likely the model found each new token, and that many of the likeliest in its place:
   * of the model's distribution, before bias, penalties, temperature and filters. Default: not;
   * range 0 to 100.
   */
  readonly logprobs?: number;
  /**
   * Scales of the LoRA adapters that were loaded, by their names; those left out are off. Requests
   * with different scales take turns, step by step. Default: all as they were loaded.
   */
  readonly loras?: Readonly<Record<string, number>>;
  /** Default `"normal"`. */
  readonly priority?: Priority;
  /**
   * What to do with a text that leaves no room in the context for `maxTokens` (or a quarter of the
   * context, where that is less): `"error"`, the default, refuses it when not even one token fits;
   * `"truncate"` keeps its end, in whole lines.
   */
  readonly overflow?: "error" | "truncate";
  /** `"python"` asks for a Python specialist and refuses other models. Default `"completion"`. */
  readonly mode?: "completion" | "python";
  /**
   * Milliseconds from the call to the end, waiting included. When they are over the generation
   * ends with what it has and `finishReason: "timeout"`; it is looked at between two steps. To
   * reject instead, pass `signal: AbortSignal.timeout(…)`. Default: none; range 1 to 2³¹-1.
   */
  readonly timeoutMs?: number;
  /**
   * Tells the same of the prompt's tokens but the first; all of them are then computed. Default
   * false.
   */
  readonly promptLogprobs?: boolean;
  /** Takes control tokens spelled out in a text prompt, such as `</s>`, as such. Default false. */
  readonly special?: boolean;
  /**
   * Writes the prompt's last token anew: where a text ends inside a word, it may be the first half of
   * a longer one. It then counts as a new one, and `tokens` begins with what is written for it.
   * Default false.
   */
  readonly tokenHealing?: boolean;
  /** Never ends by itself: the end tokens are forbidden. Default false. */
  readonly ignoreEos?: boolean;
  /** Aborts the generation, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** The options of `generate` alone. */
export type CompletionOption = "mode" | "special" | "ignoreEos" | "promptLogprobs" | "tokenHealing";

/** As `maxTokens`: until the context is full. */
export const noTokenLimit = 2 ** 32 - 1;

const lookBack = integer(0, 2 ** 31 - 1);
const stopText = textUpTo(4096);
const stops = either(stopText, listOf(stopText, 64));

export const priority = oneOf("interactive", "normal", "background");

const loraScale = number(-100, 100);
const mostLoras = 64;

export const loraScales: Rule = {
  allowed: `an object of at most ${mostLoras} adapters' names and scales from -100 to 100`,
  copy: copyRecord,
  accepts: (value) => {
    if (!isRecord(value)) return false;
    const scales = Object.values(value);
    return scales.length <= mostLoras && scales.every(loraScale.accepts);
  },
};

const rules: Rules = {
  maxTokens: integer(0, noTokenLimit),
  temperature: number(0, 100),
  topP: number(0, 1),
  topK: integer(0, 2 ** 31 - 1),
  minP: number(0, 1),
  typicalP: number(0, 1),
  repeatPenalty: number(0.01, 100),
  frequencyPenalty: number(-100, 100),
  presencePenalty: number(-100, 100),
  penaltyLastN: either(oneOf(-1), lookBack),
  dry: {
    multiplier: number(0, 100),
    base: number(1, 10),
    allowedLength: integer(0, 1000),
    lastN: either(oneOf(-1), lookBack),
    sequenceBreakers: listOf(text, 64),
  },
  xtc: { probability: number(0, 1), threshold: number(0, 1) },
  mirostat: { version: oneOf(1, 2), tau: number(0, 100), eta: number(0, 1) },
  logitBias: logitBiasRule,
  seed: integer(0, 2 ** 32 - 2),
  stop: stops,
  stopTokens: listOf(integer(0, 2 ** 31 - 1), 64),
  prefixCache: boolean,
  repetition: { maxRepeats: integer(1, 10_000) },
  logprobs: integer(0, 100),
  loras: loraScales,
  priority,
  timeoutMs: integer(1, 2 ** 31 - 1),
  signal: abortSignal,
};

/** Of the modes that give several answers. */
export const choiceRules: Rules = { n: integer(1, 128), bestOf: integer(1, 128) };

/** Of the modes that search. */
export const beamRules: Rules = { beams: integer(2, 32), lengthPenalty: number(0, 10) };

/** What a mode has of its own. */
export interface Mode {
  /** For the options that it has beside those of all. */
  readonly rules: Rules;
  readonly defaults: Pick<GenerateOptions, "maxTokens" | "temperature" | "topP">;
}

export const completionMode: Mode = {
  rules: {
    overflow: oneOf("error", "truncate"),
    mode: oneOf("completion", "python"),
    special: boolean,
    ignoreEos: boolean,
    promptLogprobs: boolean,
    tokenHealing: boolean,
    ...structureRules,
    ...choiceRules,
    ...beamRules,
  },
  defaults: {},
};

/** What options are checked against. */
export interface EngineFacts {
  readonly model: { readonly vocabularySize: number };
  readonly loras: readonly { readonly name: string }[];
}

/** What every mode needs of its caller. */
export interface RequestOptions extends Omit<NativeRequest, "id" | "prompt" | "grammar"> {
  readonly structure?: Structure | undefined;
  readonly seed: number;
}

/** The rules of all options that a mode takes. */
export function modeRules(mode: Mode): Rules {
  return { ...rules, ...mode.rules };
}

/**
 * Checks a mode's options; returns the copy that everything after it reads.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function checkMode<Options extends GenerateOptions>(
  options: Options,
  mode: Mode,
  where: string,
): Options {
  return checkOptions(options, modeRules(mode), where);
}

/**
 * Options that `checkMode` let pass, as the addon takes them.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function requestOptions(
  options: GenerateOptions,
  mode: Mode,
  engine: EngineFacts,
  where: string,
): RequestOptions {
  requireProperty(options.dry, "multiplier", `${where}: dry`);
  requireProperty(options.xtc, "probability", `${where}: xtc`);
  requireProperty(options.mirostat, "version", `${where}: mirostat`);
  requireProperty(options.repetition, "maxRepeats", `${where}: repetition`);
  return {
    maxTokens: options.maxTokens ?? mode.defaults.maxTokens ?? noTokenLimit,
    temperature: options.temperature ?? mode.defaults.temperature,
    topP: options.topP ?? mode.defaults.topP,
    topK: options.topK,
    minP: options.minP,
    typicalP: options.typicalP,
    repeatPenalty: options.repeatPenalty,
    frequencyPenalty: options.frequencyPenalty,
    presencePenalty: options.presencePenalty,
    penaltyLastN: options.penaltyLastN,
    dry: options.dry,
    xtc: options.xtc,
    mirostat: options.mirostat,
    logitBias: logitBiasPairs(options.logitBias, engine.model.vocabularySize, where),
    seed: options.seed ?? Math.floor(Math.random() * (2 ** 32 - 1)),
    stop: typeof options.stop === "string" ? [options.stop] : options.stop,
    stopTokens: stopTokenIds(options.stopTokens, engine.model.vocabularySize, where),
    prefixCache: options.prefixCache,
    maxRepeats: options.repetition?.maxRepeats,
    structure: structureOf(options, where),
    logprobs: options.logprobs,
    promptLogprobs: options.promptLogprobs,
    ...sharedOptions(options, engine, where),
    timeoutMs: options.timeoutMs,
    ignoreEos: options.ignoreEos,
    tokenHealing: options.tokenHealing,
  };
}

/**
 * The options of everything that the model computes, as the addon takes them.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function sharedOptions(
  options: Pick<GenerateOptions, "loras" | "priority">,
  engine: EngineFacts,
  where: string,
): Pick<NativeRequest, "loraScales" | "priority"> {
  const { loras, priority } = options;
  if (loras === undefined) return { priority };
  const names = engine.loras.map(({ name }) => name);
  const unknown = Object.keys(loras).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw invalidArgument(
      `${where}: loras: no adapter ${show(unknown)} was loaded; ` +
        `${names.length === 0 ? "none was" : `there are ${names.join(", ")}`}`,
    );
  }
  return { priority, loraScales: names.map((name) => loras[name] ?? 0) };
}

function requireProperty(object: object | undefined, name: string, where: string): void {
  if (object !== undefined && (object as Record<string, unknown>)[name] === undefined) {
    throw invalidArgument(`${where}: ${name} is missing`);
  }
}
