import type { Answer } from "../../result.ts";

const stopTypes = {
  stop: "eos",
  length: "limit",
  repetition: "limit",
  timeout: "limit",
  abort: "limit",
};

/** An answer in the format of llama-server's `/infill`. */
export function infillAnswer(
  { usage, timings, finishReason, stopString }: Answer,
  content: string,
  index: number,
  model: string,
): Record<string, unknown> {
  const computed = usage.promptTokens - usage.cachedTokens;
  return {
    index,
    content,
    stop: true,
    model,
    stop_type: stopString === undefined ? stopTypes[finishReason] : "word",
    stopping_word: stopString ?? "",
    tokens_predicted: usage.completionTokens,
    tokens_evaluated: usage.promptTokens,
    tokens_cached: usage.promptTokens + usage.completionTokens,
    truncated: false,
    timings: {
      cache_n: usage.cachedTokens,
      prompt_n: computed,
      prompt_ms: timings.prefillMs,
      prompt_per_token_ms: ratio(timings.prefillMs, computed),
      prompt_per_second: timings.prefillTokensPerSecond,
      predicted_n: usage.completionTokens,
      predicted_ms: timings.decodeMs,
      predicted_per_token_ms: ratio(timings.decodeMs, usage.completionTokens),
      predicted_per_second: timings.decodeTokensPerSecond,
      draft_n: usage.draftTokens,
      draft_n_accepted: usage.acceptedTokens,
    },
  };
}

/**
 * Selects the fields that a client asked for. A path such as `"timings/prompt_n"` stays one flat
 * name. Unknown fields are left out. An empty list selects all fields.
 */
export function selectFields(
  answer: Record<string, unknown>,
  fields: readonly string[],
): Record<string, unknown> {
  if (fields.length === 0) return answer;
  const selected: Record<string, unknown> = {};
  for (const field of fields) {
    const [name = "", inner] = field.split("/");
    const value = Object.hasOwn(answer, name) ? answer[name] : undefined;
    const found = inner === undefined ? value : (value as Record<string, unknown>)?.[inner];
    if (found !== undefined) selected[field] = found;
  }
  return selected;
}

function ratio(milliseconds: number, tokens: number): number {
  return tokens > 0 ? milliseconds / tokens : 0;
}
