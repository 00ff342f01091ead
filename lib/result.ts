import type { RequestOutput } from "./engine/output.ts";
import type { EngineCall, RequestOutcome } from "./engine/port.ts";
import type { FinishReason } from "./native/binding.ts";

/** A token, and how likely the model found it in its place. */
export interface TokenLogprob {
  readonly token: number;
  /** Its text; bytes that are no whole character show as U+FFFD, control tokens as nothing. */
  readonly text: string;
  /** Its bytes, where they are no whole text by themselves: a part of a character, mostly. */
  readonly bytes?: Uint8Array;
  /** Natural logarithm of its probability, before bias, penalties, temperature and filters. */
  readonly logprob: number;
}

/** A token, and the likeliest ones in its place, the likeliest first. */
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
  /** Of the prompt's tokens, those that were taken from the KV cache instead of computed. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /** Tokens that speculation guessed and the model verified, and those of them that were right. */
  readonly draftTokens: number;
  readonly acceptedTokens: number;
}

export interface Timings {
  /** From the call to the first step that computes the prompt. */
  readonly queuedMs: number;
  /** From there to the first new token. */
  readonly prefillMs: number;
  /** From there to the end. */
  readonly decodeMs: number;
  /** Computed prompt tokens over `prefillMs`. */
  readonly prefillTokensPerSecond: number;
  /** New tokens but the first, which the prefill gives, over `decodeMs`. */
  readonly decodeTokensPerSecond: number;
}

export interface GenerationResult {
  readonly text: string;
  readonly tokens: Int32Array;
  readonly finishReason: FinishReason;
  /** The stop string that matched. */
  readonly stopString?: string;
  /** Gives the same text again, under the conditions of `GenerateOptions.seed`. */
  readonly seed: number;
  /** Of each token of `tokens`, where `logprobs` was asked for. */
  readonly logprobs?: readonly TokenLogprobs[];
  /** Of each token of the prompt but the first, where `promptLogprobs` was asked for. */
  readonly promptLogprobs?: readonly TokenLogprobs[];
  /** Of this choice alone: the prompt counts in each. */
  readonly usage: Usage;
  readonly timings: Timings;
  /** All `n` answers where that is more than one, this one first; with `bestOf`, best first. */
  readonly choices?: readonly GenerationResult[];
}

/** One answer. */
export type Answer = Omit<GenerationResult, "choices">;

/** What one request came to. */
export interface RequestResult extends GenerationResult {
  readonly embedding?: Float32Array;
  readonly promptState?: Uint8Array;
}

/** One request's output and outcome as a result. */
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

/** Several requests, one after the other, as one result; at least one. */
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
