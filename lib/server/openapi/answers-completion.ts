import { z } from "zod";
import { count, named, usageAnswer, usageInEvents } from "./answers.ts";

const head = {
  id: z.string(),
  object: z.literal("text_completion"),
  created: count.describe("Seconds since 1970"),
  model: z.string(),
};

const reason = z.enum(["stop", "length"]);
const stopReason = z.string().nullable().describe("The stop text that ended it");

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
  token_ids: z.array(count).optional().describe("With return_token_ids"),
};

/** Of `POST /v1/completions`. */
export const completionAnswer = named(
  "Completion",
  z.object({
    ...head,
    choices: z.array(z.object({ ...choice, finish_reason: reason, stop_reason: stopReason })),
    usage: usageAnswer,
  }),
);

/** An event of its stream. */
export const completionEvent = named(
  "CompletionEvent",
  z.object({
    ...head,
    choices: z.array(
      z.object({
        ...choice,
        finish_reason: reason.nullable().describe("null but at the choice's end"),
        stop_reason: stopReason.optional(),
      }),
    ),
    usage: usageInEvents,
  }),
);
