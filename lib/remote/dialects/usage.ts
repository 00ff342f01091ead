import { z } from "zod";
import type { FinishReason } from "../../result.ts";
import { tokenCount } from "../answer-schema.ts";
import type { RemoteUsage } from "./dialect.ts";

/** How OpenAI's API counts tokens. */
export const usageSchema = z.object({
  prompt_tokens: tokenCount.nullish(),
  completion_tokens: tokenCount.nullish(),
  prompt_tokens_details: z.object({ cached_tokens: tokenCount.nullish() }).nullish(),
});

export function readUsage(
  usage: z.output<typeof usageSchema> | null | undefined,
): RemoteUsage | undefined {
  if (usage == null) return undefined;
  return {
    promptTokens: usage.prompt_tokens ?? 0,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    completionTokens: usage.completion_tokens ?? 0,
  };
}

/** OpenAI's words, and those that TGI has beside them. */
const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ["stop", "stop"],
  ["length", "length"],
  ["eos_token", "stop"],
  ["stop_sequence", "stop"],
  ["abort", "abort"],
]);

/** A reason that is not known here ended the answer all the same. */
export function readFinishReason(reason: string): FinishReason {
  return finishReasons.get(reason) ?? "stop";
}
