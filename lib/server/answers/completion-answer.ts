import type { Answer, FinishReason } from "../../result.ts";
import type { ReadCalls } from "../../tools/plan.ts";

/** Why an answer ended, in OpenAI's words. */
export function finishReason(reason: FinishReason): "stop" | "length" {
  return reason === "stop" || reason === "abort" ? "stop" : "length";
}

/** The same of a chat: calls that are whole are a reason of their own. */
export function chatFinishReason(reason: FinishReason, read: ReadCalls | undefined) {
  return read?.isWhole === true ? "tool_calls" : finishReason(reason);
}

/** Tokens of prompts and all their answers, as OpenAI's API counts them: each prompt once. */
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

/** What every event but the last says of usage, where the client asked to be told it at the end. */
export function usageToCome(body: {
  readonly stream_options?:
    | { readonly include_usage?: boolean | null | undefined }
    | null
    | undefined;
}): object {
  return body.stream_options?.include_usage === true ? { usage: null } : {};
}
