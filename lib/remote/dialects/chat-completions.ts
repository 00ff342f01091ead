import { z } from "zod";
import type { RemoteDialog } from "../../prompt/remote-prompt.ts";
import { listOf } from "../answer-schema.ts";
import type { RemoteChunk, RemoteExchange, RemoteFacts } from "./dialect.ts";
import { readFinishReason, readUsage, usageSchema } from "./usage.ts";

const eventSchema = z.object({
  choices: listOf(
    z.object({
      delta: z
        .object({
          content: z.string().nullish(),
          reasoning: z.string().nullish(),
          reasoning_content: z.string().nullish(),
          tool_calls: z.array(z.unknown()).nullish(),
        })
        .nullish(),
      finish_reason: z.string().nullish(),
    }),
  ),
  usage: usageSchema.nullish(),
});

/** A dialog that the remote lays out itself: `POST /v1/chat/completions`. */
export function chatExchange(
  { messages, tools }: RemoteDialog,
  fields: object,
  { modelId }: RemoteFacts,
): RemoteExchange {
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
    read: readEvent,
  };
}

function readEvent(event: unknown): RemoteChunk | undefined {
  const { success, data } = eventSchema.safeParse(event);
  if (!success) return undefined;
  const [choice] = data.choices;
  const reason = choice?.finish_reason;
  const { content, reasoning, reasoning_content, tool_calls } = choice?.delta ?? {};
  return {
    text: content ?? "",
    tokens: [],
    hidden: (reasoning ?? reasoning_content ?? "").length + (tool_calls?.length ?? 0),
    finish: reason == null ? undefined : { reason: readFinishReason(reason), stopString: "" },
    usage: readUsage(data.usage),
  };
}
