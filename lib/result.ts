import type { RequestOutcome } from "./engine-request.ts";
import type { EngineCall, GenerationResult, Timings } from "./generation.ts";

/** One request's outcome and text as a result. */
export function toResult(
  call: EngineCall,
  text: string,
  tokens: readonly number[],
  outcome: RequestOutcome,
): GenerationResult {
  const { promptTokens, cachedTokens, completionTokens, draftTokens, acceptedTokens } = outcome;
  return {
    text,
    tokens: Int32Array.from(tokens),
    finishReason: outcome.finishReason,
    ...(outcome.stopString === "" ? {} : { stopString: outcome.stopString }),
    seed: call.seed,
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
export function addUp(results: readonly GenerationResult[]): GenerationResult {
  const last = results.at(-1);
  if (last === undefined) throw new RangeError("no results to add up");
  if (results.length === 1) return last;
  const sum = (read: (result: GenerationResult) => number) =>
    results.reduce((total, result) => total + read(result), 0);
  const usage = {
    promptTokens: sum((result) => result.usage.promptTokens),
    cachedTokens: sum((result) => result.usage.cachedTokens),
    completionTokens: sum((result) => result.usage.completionTokens),
    draftTokens: sum((result) => result.usage.draftTokens),
    acceptedTokens: sum((result) => result.usage.acceptedTokens),
  };
  const time = (name: keyof Timings) => sum((result) => result.timings[name]);
  const prefillMs = time("prefillMs");
  const decodeMs = time("decodeMs");
  return {
    ...last,
    text: results.map((result) => result.text).join(""),
    tokens: Int32Array.from(results.flatMap((result) => [...result.tokens])),
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
