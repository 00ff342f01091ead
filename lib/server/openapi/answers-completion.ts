import { z } from "zod";
import { count, droppedKeywords, named, usageAnswer, usageInEvents } from "./answers.ts";

const head = {
  id: z.string(),
  object: z.literal("text_completion"),
  created: count.describe("Seconds since 1970"),
  model: z.string(),
};

const reason = z.enum(["stop", "length"]);
const stopReason = z.string().nullable().describe("The stop string that ended the answer");

const logprobs = named(
  "CompletionLogprobs",
  z.object({
    tokens: z.array(z.string()),
    token_logprobs: z.array(z.number().nullable()),
    top_logprobs: z.array(z.record(z.string(), z.number()).nullable()),
    text_offset: z.array(count).describe("In UTF-16 units"),
  }),
);

const choice = {
  index: count,
  text: z.string(),
  logprobs: logprobs.nullable(),
  token_ids: z.array(count).optional().describe("Present if return_token_ids is true"),
};

/** Answer of `POST /v1/completions`. */
export const completionAnswer = named(
  "Completion",
  z.object({
    ...head,
    choices: z.array(
      z.object({
        ...choice,
        finish_reason: reason,
        stop_reason: stopReason,
        dropped_keywords: droppedKeywords,
      }),
    ),
    usage: usageAnswer,
  }),
);

/** Event of the stream of `POST /v1/completions`. */
export const completionEvent = named(
  "CompletionEvent",
  z.object({
    ...head,
    choices: z.array(
      z.object({
        ...choice,
        finish_reason: reason.nullable().describe("null except in the last event of the choice"),
        stop_reason: stopReason.optional(),
        dropped_keywords: droppedKeywords,
      }),
    ),
    usage: usageInEvents,
  }),
);
