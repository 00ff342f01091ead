import type { FinishReason } from "../../native/binding.ts";
import type { Answer } from "../../result.ts";

/** OpenAI's finish reason of an answer. */
export function finishReason(reason: FinishReason): "stop" | "length" {
  return reason === "stop" || reason === "abort" ? "stop" : "length";
}

/** OpenAI's finish reason of a chat answer. Complete tool calls have a reason of their own. */
export function chatFinishReason(reason: FinishReason, isToolCall: boolean) {
  return isToolCall ? "tool_calls" : finishReason(reason);
}

/** OpenAI's usage of several results. A prompt counts once, however many answers it has. */
export function usageOf(results: readonly (Answer & { readonly choices?: readonly Answer[] })[]) {
  let prompt = 0;
  let cached = 0;
  let completion = 0;
  for (const result of results) {
    prompt += result.usage.promptTokens;
    cached += result.usage.cachedTokens;
    for (const choice of result.choices ?? [result]) completion += choice.usage.completionTokens;
  }
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
  };
}

/** The usage field of every event except the last, for clients that asked for usage in the stream. */
export function pendingUsage(body: {
  readonly stream_options?:
    | { readonly include_usage?: boolean | null | undefined }
    | null
    | undefined;
}): object {
  return body.stream_options?.include_usage === true ? { usage: null } : {};
}
