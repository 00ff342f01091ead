import { z } from "zod";
import type { FinishReason } from "../../native/binding.ts";
import { tokenCount } from "../answer-schema.ts";
import type { RemoteUsage } from "./dialect.ts";

/** Token counts of OpenAI's API. */
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

/** Finish reasons of OpenAI's API, and the additional ones of TGI. */
const finishReasons: ReadonlyMap<string, FinishReason> = new Map([
  ["stop", "stop"],
  ["length", "length"],
  ["eos_token", "stop"],
  ["stop_sequence", "stop"],
  ["abort", "abort"],
]);

/** Reads a finish reason. An unknown reason counts as `"stop"`: the answer has ended anyway. */
export function readFinishReason(reason: string): FinishReason {
  return finishReasons.get(reason) ?? "stop";
}
