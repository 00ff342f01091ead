import { z } from "zod";
import type { RemoteDialog } from "../../engine/port.ts";
import { droppedKeywordsSchema, listOf } from "../answer-schema.ts";
import type { RemoteChunk, RemoteExchange, RemoteFacts } from "./dialect.ts";
import { ToolCallText, toolCallsSchema } from "./tool-call-text.ts";
import { readFinishReason, readUsage, usageSchema } from "./usage.ts";

const eventSchema = z.object({
  choices: listOf(
    z.object({
      delta: z
        .object({
          content: z.string().nullish(),
          reasoning: z.string().nullish(),
          reasoning_content: z.string().nullish(),
          tool_calls: toolCallsSchema.nullish(),
        })
        .nullish(),
      finish_reason: z.string().nullish(),
      dropped_keywords: droppedKeywordsSchema.nullish(),
    }),
  ),
  usage: usageSchema.nullish(),
});

/** Sends a dialog to `POST /v1/chat/completions`; the remote applies its own chat template. */
export function chatExchange(
  { messages, tools }: RemoteDialog,
  fields: object,
  { modelId }: RemoteFacts,
): RemoteExchange {
  const calls = new ToolCallText();
  return {
    path: "/v1/chat/completions",
    streams: true,
    body: {
      model: modelId,
      messages,
      ...(tools !== undefined && { tools }),
      stream: true,
      stream_options: { include_usage: true },
      ...fields,
    },
    read: (event) => readEvent(event, calls),
  };
}

function readEvent(event: unknown, calls: ToolCallText): RemoteChunk | undefined {
  const { success, data } = eventSchema.safeParse(event);
  if (!success) return undefined;
  const [choice] = data.choices;
  const reason = choice?.finish_reason;
  const { content, reasoning, reasoning_content, tool_calls } = choice?.delta ?? {};
  const called = calls.push(tool_calls ?? []);
  if (called === undefined) return undefined;
  return {
    text: (content ?? "") + called + (reason == null ? "" : calls.finish()),
    tokens: [],
    hidden: (reasoning ?? reasoning_content ?? "").length,
    finish:
      reason == null
        ? undefined
        : {
            reason: readFinishReason(reason),
            stopString: "",
            droppedKeywords: choice?.dropped_keywords ?? undefined,
          },
    usage: readUsage(data.usage),
  };
}
