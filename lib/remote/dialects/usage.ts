import { z } from "zod";
import type { FinishReason } from "../../result.ts";
import type { RemoteUsage } from "./dialect.ts";

/** How OpenAI's API counts tokens. */
export const usageSchema = z.object({
  prompt_tokens: z.int().nullish(),
  completion_tokens: z.int().nullish(),
  prompt_tokens_details: z.object({ cached_tokens: z.int().nullish() }).nullish(),
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
export const finishReasons: Readonly<Record<string, FinishReason>> = {
  stop: "stop",
  length: "length",
  eos_token: "stop",
  stop_sequence: "stop",
  abort: "abort",
};
