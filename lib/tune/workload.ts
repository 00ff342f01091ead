/** The same work for every trial, so that trials can be compared. All counts are tokens. */
export interface Workload {
  /** Prompt for the prefill speed. One stream decodes after it. */
  readonly promptTokens: number;
  /** New tokens of the stream after the prompt. */
  readonly newTokens: number;
  /** Sequences that run in parallel; with 1, streams are not measured. */
  readonly streams: number;
  /** Prompt of each parallel sequence. */
  readonly streamPromptTokens: number;
  /** New tokens of each parallel sequence. */
  readonly streamNewTokens: number;
}

/** Maximum tokens of a prompt. */
export const longestPrompt = 2048;

/** Minimum tokens for a meaningful figure. */
const shortestPrompt = 128;
const fewestNewTokens = 16;

/**
 * Returns the work that a machine of this speed does in about `seconds` for each of prefill, decode
 * and streams. Slow machines take longer: a meaningful figure needs a minimum of work.
 * @param trainingContextSize - context window of the model; no sequence exceeds it
 */
export function workload(
  speeds: { readonly prefillTokensPerSecond: number; readonly decodeTokensPerSecond: number },
  seconds: number,
  streams: number,
  trainingContextSize: number,
): Workload {
  const { prefillTokensPerSecond, decodeTokensPerSecond } = speeds;
  const quarter = Math.max(trainingContextSize >> 2, fewestNewTokens);
  const newTokens = clamp(decodeTokensPerSecond * seconds, fewestNewTokens, Math.min(256, quarter));
  // Parallel streams together are assumed to be twice as fast as one.
  const tokensPerStream = (2 * decodeTokensPerSecond * seconds) / streams;
  return {
    promptTokens: clamp(
      prefillTokensPerSecond * seconds,
      shortestPrompt,
      Math.min(longestPrompt, 3 * quarter),
    ),
    newTokens,
    streams,
    streamPromptTokens: Math.min(32, quarter),
    streamNewTokens: clamp(tokensPerStream, fewestNewTokens, Math.min(128, quarter)),
  };
}

/** KV cells that a workload needs. */
export function contextSize(work: Workload): number {
  const { promptTokens, newTokens, streams, streamPromptTokens, streamNewTokens } = work;
  return Math.max(promptTokens + newTokens, streams * (streamPromptTokens + streamNewTokens));
}

/**
 * Returns a prompt of pseudo-random tokens. Each seed gives another prompt.
 * @param bos - BOS token to put first; undefined if the vocabulary has none
 */
export function randomPrompt(
  length: number,
  seed: number,
  vocabularySize: number,
  bos: number | undefined,
): Int32Array {
  // The linear congruential generator of Numerical Recipes. Its low bits repeat early.
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  const tokens = Int32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % vocabularySize;
  });
  if (bos !== undefined && length > 0) tokens[0] = bos;
  return tokens;
}

/** Rounds to a whole number within the bounds. `greatest` wins if it is below `least`. */
function clamp(value: number, least: number, greatest: number): number {
  return Math.min(Math.max(Math.round(value), least), greatest);
}
