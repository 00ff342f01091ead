import type { RequestOutput } from "./engine/output.ts";
import type { EngineCall, RequestOutcome } from "./engine/port.ts";
import type { DroppedKeyword, FinishReason, NativeBeam } from "./native/binding.ts";
import type { SchemaIssue } from "./schema/standard-schema.ts";

/** A token with its log-probability. */
export interface TokenLogprob {
  readonly token: number;
  /** Text of the token: U+FFFD for an incomplete character, empty for a control token. */
  readonly text: string;
  /** Bytes of the token; only set if they are not valid UTF-8, such as a part of a character. */
  readonly bytes?: Uint8Array;
  /** Natural logarithm of the probability before bias, penalties, temperature and filters. */
  readonly logprob: number;
}

/** A token with the likeliest alternatives at its position, the likeliest first. */
export interface TokenLogprobs extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
}

/** A piece of new text. */
export interface Chunk {
  /** Whole characters without stop strings; never empty. */
  readonly text: string;
  /** Tokens generated since the previous chunk of the same answer. */
  readonly tokens: readonly number[];
  /** Log-probabilities of these tokens, when the `logprobs` option is set. */
  readonly logprobs?: readonly TokenLogprobs[];
  /**
   * Log-probabilities of the prompt's tokens from the second one on, when the `promptLogprobs` option
   * is set. Only the first chunk has them.
   */
  readonly promptLogprobs?: readonly TokenLogprobs[];
  /** Index of the answer (of `n`) that the chunk belongs to, from 0. */
  readonly index: number;
}

export interface Usage {
  readonly promptTokens: number;
  /** Prompt tokens that were taken from the KV cache instead of computed. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /** Draft tokens that the model verified, and tokens that a grammar forced. */
  readonly draftTokens: number;
  /** Draft tokens that the model accepted, and tokens that a grammar forced: each saved a step. */
  readonly acceptedTokens: number;
}

export interface Timings {
  /** Time from the call to the first step that computes the prompt. */
  readonly queuedMs: number;
  /** Time from that step to the first new token. */
  readonly prefillMs: number;
  /** Time from the first new token to the end. */
  readonly decodeMs: number;
  /** Computed prompt tokens per second of `prefillMs`. */
  readonly prefillTokensPerSecond: number;
  /** New tokens per second of `decodeMs`, without the first token, which belongs to the prefill. */
  readonly decodeTokensPerSecond: number;
}

export interface GenerationResult {
  readonly text: string;
  readonly tokens: Int32Array;
  readonly finishReason: FinishReason;
  /** The stop string that matched. */
  readonly stopString?: string;
  /** Seed that reproduces the text, under the conditions of `GenerateOptions.seed`. */
  readonly seed: number;
  /** Log-probabilities of `tokens`, when the `logprobs` option is set. */
  readonly logprobs?: readonly TokenLogprobs[];
  /** Log-probabilities of the prompt from its second token on, when `promptLogprobs` is set. */
  readonly promptLogprobs?: readonly TokenLogprobs[];
  /** Usage of this choice. Each choice counts the prompt. */
  readonly usage: Usage;
  readonly timings: Timings;
  /** The text as a value, when the `jsonSchema` option is set: see `StructuredResult`. */
  readonly value?: unknown;
  /** Why the text has no value: see `StructuredResult`. */
  readonly issues?: readonly SchemaIssue[];
  /** Keywords of the JSON schema that were not enforced, when the `lenient` option is set. */
  readonly droppedKeywords?: readonly DroppedKeyword[];
  /** All answers if `n` is above 1, this one first. With `bestOf`, the best is first. */
  readonly choices?: readonly GenerationResult[];
}

/** Result of a call with the `jsonSchema` option. */
export interface StructuredResult<Value = unknown> extends GenerationResult {
  /**
   * The text, parsed. A schema of a library such as zod also validates and transforms it, and gives
   * it its type. Undefined for a text that a limit, a stop string or `cancel()` cut short, and when
   * there are `issues`.
   */
  readonly value: Value | undefined;
  /**
   * Why a finished text has no value. Only rules that a JSON schema cannot express, such as zod's
   * `refine`, and remote servers that do not enforce the schema lead to issues.
   */
  readonly issues?: readonly SchemaIssue[];
  readonly choices?: readonly StructuredResult<Value>[];
}

/** Result of one answer. */
export type Answer = Omit<GenerationResult, "choices">;

/** Result of one engine request. */
export interface RequestResult extends GenerationResult {
  readonly embedding?: Float32Array;
  readonly promptState?: Uint8Array;
  /** Texts of a beam search, best first. */
  readonly beams?: readonly NativeBeam[];
}

/** Combines the output and the outcome of a request into its result. */
export function toResult(
  call: Pick<EngineCall, "seed" | "logprobs" | "promptLogprobs">,
  { text, tokens, logprobs, promptLogprobs, embedding, promptState }: RequestOutput,
  outcome: RequestOutcome,
): RequestResult {
  const { promptTokens, cachedTokens, completionTokens, draftTokens, acceptedTokens } = outcome;
  return {
    text,
    tokens: Int32Array.from(tokens),
    finishReason: outcome.finishReason,
    ...(outcome.stopString === "" ? {} : { stopString: outcome.stopString }),
    seed: call.seed,
    ...(call.logprobs === undefined ? {} : { logprobs }),
    ...(call.promptLogprobs === true ? { promptLogprobs } : {}),
    ...(embedding === undefined ? {} : { embedding }),
    ...(promptState === undefined ? {} : { promptState }),
    ...(outcome.beams === undefined ? {} : { beams: outcome.beams }),
    ...(outcome.droppedKeywords && { droppedKeywords: outcome.droppedKeywords }),
    usage: { promptTokens, cachedTokens, completionTokens, draftTokens, acceptedTokens },
    timings: {
      queuedMs: outcome.queuedMs,
      prefillMs: outcome.prefillMs,
      decodeMs: outcome.decodeMs,
      prefillTokensPerSecond: perSecond(promptTokens - cachedTokens, outcome.prefillMs),
      decodeTokensPerSecond: perSecond(completionTokens - 1, outcome.decodeMs),
    },
  };
}

/** Combines the results of consecutive requests into one. Needs at least one result. */
export function addUp(results: readonly Answer[]): Answer {
  const last = results.at(-1);
  if (last === undefined) throw new RangeError("no results to add up");
  if (results.length === 1) return last;
  const sum = (read: (result: Answer) => number) =>
    results.reduce((total, result) => total + read(result), 0);
  const usage = {
    promptTokens: sum((result) => result.usage.promptTokens),
    cachedTokens: sum((result) => result.usage.cachedTokens),
    completionTokens: sum((result) => result.usage.completionTokens),
    draftTokens: sum((result) => result.usage.draftTokens),
    acceptedTokens: sum((result) => result.usage.acceptedTokens),
  };
  const time = (name: keyof Timings) => sum((result) => result.timings[name]);
  const logprobs = results.flatMap((result) => result.logprobs ?? []);
  const prefillMs = time("prefillMs");
  const decodeMs = time("decodeMs");
  return {
    ...last,
    text: results.map((result) => result.text).join(""),
    tokens: Int32Array.from(results.flatMap((result) => [...result.tokens])),
    ...(last.logprobs === undefined ? {} : { logprobs }),
    usage,
    timings: {
      queuedMs: time("queuedMs"),
      prefillMs,
      decodeMs,
      prefillTokensPerSecond: perSecond(usage.promptTokens - usage.cachedTokens, prefillMs),
      decodeTokensPerSecond: perSecond(usage.completionTokens - results.length, decodeMs),
    },
  };
}

function perSecond(tokens: number, milliseconds: number): number {
  return tokens > 0 && milliseconds > 0 ? (tokens * 1000) / milliseconds : 0;
}
