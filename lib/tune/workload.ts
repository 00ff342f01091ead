/** What every trial computes, so that trials can be compared. All counts are tokens. */
export interface Workload {
  /** Of the prompt whose speed is measured, and behind which one stream decodes. */
  readonly promptTokens: number;
  readonly newTokens: number;
  /** Sequences that run side by side; 1: streams are not measured. */
  readonly streams: number;
  /** Of each of these sequences. */
  readonly streamPromptTokens: number;
  readonly streamNewTokens: number;
}

/** Tokens of any prompt at most. */
export const longestPrompt = 2048;

/** Fewer give no meaningful figure. */
const shortestPrompt = 128;
const fewestNewTokens = 16;

/**
 * As much as a machine of this speed computes in about `seconds` for each of prefill, decode and
 * streams; at least what gives a meaningful figure, so slow machines take longer.
 * @param trainingContextSize - of the model; a sequence stays within it
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
  // Several streams are some times as fast as one.
  const ofStreams = (2 * decodeTokensPerSecond * seconds) / streams;
  return {
    promptTokens: clamp(
      prefillTokensPerSecond * seconds,
      shortestPrompt,
      Math.min(longestPrompt, 3 * quarter),
    ),
    newTokens,
    streams,
    streamPromptTokens: Math.min(32, quarter),
    streamNewTokens: clamp(ofStreams, fewestNewTokens, Math.min(128, quarter)),
  };
}

/** KV cells that a workload needs. */
export function contextSize(work: Workload): number {
  const { promptTokens, newTokens, streams, streamPromptTokens, streamNewTokens } = work;
  return Math.max(promptTokens + newTokens, streams * (streamPromptTokens + streamNewTokens));
}

/**
 * A prompt of pseudo-random tokens, another one for each seed.
 * @param bos - put first, where the vocabulary has one
 */
export function randomPrompt(
  length: number,
  seed: number,
  vocabularySize: number,
  bos: number | undefined,
): Int32Array {
  // Numerical Recipes' linear congruential generator; its low bits repeat soon.
  let state = Math.imul(seed + 1, 2654435761) >>> 0;
  const tokens = Int32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 8) % vocabularySize;
  });
  if (bos !== undefined && length > 0) tokens[0] = bos;
  return tokens;
}

/** A whole number within bounds; the upper one wins where they cross. */
function clamp(value: number, least: number, greatest: number): number {
  return Math.min(Math.max(Math.round(value), least), greatest);
}
