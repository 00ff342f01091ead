import { z } from "zod";
import type { ToolDialogMessage } from "../../tools/tool-dialog.ts";

const textPart = z.object(
  { type: z.literal("text", { error: "only parts of type text can be read" }), text: z.string() },
  { error: 'must be a part { type: "text", text }' },
);

const content = z.union([z.string(), z.array(textPart)], {
  error: "must be a string or an array of text parts",
});

const toolCall = z.looseObject({
  id: z.string().nullish(),
  function: z.looseObject({
    name: z.string(),
    // OpenAI's API has JSON text. Some templates need the parsed object.
    arguments: z.union([z.string(), z.record(z.string(), z.unknown())], {
      error: "must be JSON, in a string",
    }),
  }),
});

/** A message of OpenAI's API. Other properties stay: a template may read them. */
export const messageSchema = z
  .looseObject({
    role: z.enum(["system", "developer", "user", "assistant", "tool"]),
    content: content.nullish(),
    tool_calls: z.array(toolCall).nullish(),
    tool_call_id: z.string().nullish(),
    name: z.string().nullish(),
    function_call: z.null({ error: "is not supported; use tool_calls" }).optional(),
  })
  .refine(({ role, content }) => role === "assistant" || content != null, {
    path: ["content"],
    error: "is missing",
  });

/** Messages in the form that the library takes. */
export function chatMessages(
  messages: readonly z.output<typeof messageSchema>[],
): ToolDialogMessage[] {
  return messages.map(({ role, content, ...rest }) => ({
    ...rest,
    role: role === "developer" ? "system" : role,
    content:
      typeof content === "string" ? content : (content ?? []).map(({ text }) => text).join(""),
  }));
}
