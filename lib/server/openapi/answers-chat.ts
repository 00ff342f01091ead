import { z } from "zod";
import { count, droppedKeywords, named, usageAnswer, usageInEvents } from "./answers.ts";

const head = {
  id: z.string(),
  created: count.describe("Seconds since 1970"),
  model: z.string(),
};

const reason = z.enum(["stop", "length", "tool_calls"]);
const token = { token: z.string(), logprob: z.number(), bytes: z.array(z.int().min(0).max(255)) };

const logprobs = named(
  "ChatLogprobs",
  z.object({
    content: z.array(z.object({ ...token, top_logprobs: z.array(z.object(token)) })),
    refusal: z.null(),
  }),
);

const toolCall = named(
  "ToolCall",
  z.object({
    id: z.string(),
    type: z.literal("function"),
    function: z.object({ name: z.string(), arguments: z.string().describe("JSON") }),
  }),
);

/** Answer of `POST /v1/chat/completions`. */
export const chatAnswer = named(
  "ChatCompletion",
  z.object({
    ...head,
    object: z.literal("chat.completion"),
    choices: z.array(
      z.object({
        index: count,
        message: z.object({
          role: z.literal("assistant"),
          content: z.string().nullable().describe("null if the model calls tools"),
          refusal: z.null(),
          tool_calls: z.array(toolCall).optional(),
        }),
        finish_reason: reason,
        dropped_keywords: droppedKeywords,
        logprobs: logprobs.nullable(),
      }),
    ),
    usage: usageAnswer,
  }),
);

/** Event of the stream of `POST /v1/chat/completions`. */
export const chatEvent = named(
  "ChatCompletionEvent",
  z.object({
    ...head,
    object: z.literal("chat.completion.chunk"),
    choices: z.array(
      z.object({
        index: count,
        delta: z.object({
          role: z.literal("assistant").optional(),
          content: z.string().optional(),
          tool_calls: z
            .array(
              z.object({
                index: count,
                id: z.string().optional(),
                type: z.literal("function").optional(),
                function: z.object({ name: z.string().optional(), arguments: z.string() }),
              }),
            )
            .optional(),
        }),
        logprobs: logprobs.nullable(),
        finish_reason: reason.nullable().describe("null except in the last event of the choice"),
        dropped_keywords: droppedKeywords,
      }),
    ),
    usage: usageInEvents,
  }),
);
