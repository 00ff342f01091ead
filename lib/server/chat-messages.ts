import { z } from "zod";
import type { ChatMessage } from "../prompt/dialog.ts";

const textPart = z.object(
  { type: z.literal("text", { error: "only parts of type text can be read" }), text: z.string() },
  { error: 'must be a part { type: "text", text }' },
);

const content = z.union([z.string(), z.array(textPart)], {
  error: "must be a string or an array of text parts",
});

/** A message as OpenAI's API has it; what a template may want besides stays in it. */
export const messageSchema = z
  .looseObject({
    role: z.enum(["system", "developer", "user", "assistant", "tool"]),
    content: content.nullish(),
  })
  .refine(({ role, content }) => role === "assistant" || content != null, {
    path: ["content"],
    error: "is missing",
  });

/** Messages as the model's prompt is made of them. */
export function chatMessages(messages: readonly z.output<typeof messageSchema>[]): ChatMessage[] {
  return messages.map(({ role, content, ...rest }) => ({
    ...rest,
    role: role === "developer" ? "system" : role,
    content:
      typeof content === "string" ? content : (content ?? []).map(({ text }) => text).join(""),
  }));
}
