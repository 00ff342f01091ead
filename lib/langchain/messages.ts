import { AIMessage, type BaseMessage, ToolMessage } from "@langchain/core/messages";
import { invalidArgument } from "../options/check.ts";
import type { ChatMessage } from "../prompt/dialog.ts";

const roles: Readonly<Record<string, ChatMessage["role"]>> = {
  system: "system",
  human: "user",
  ai: "assistant",
  tool: "tool",
};

// Calls stand in a message's `tool_calls` too, and thoughts are not read again.
const unread = new Set([
  "reasoning",
  "thinking",
  "redacted_thinking",
  "tool_use",
  "tool_call",
  "tool_call_chunk",
]);

/**
 * LangChain's messages as a dialog.
 * @param canTellTools - whether the model's template has a place for calls and their results
 * @throws CodeLlamaError `INVALID_ARGUMENT` for messages that are no text
 */
export function dialogOf(messages: readonly BaseMessage[], canTellTools: boolean): ChatMessage[] {
  return messages.map((message, index) => {
    const where = `messages[${index}]`;
    const type = message.getType();
    const role = roles[type];
    if (role === undefined)
      throw invalidArgument(`${where} is of type ${type}, which is not known`);
    checkParts(message, where);
    if (canTellTools) return { role, content: message.text, ...templateFields(message) };
    return { role, content: `${message.text}${callsAsText(message)}` };
  });
}

function checkParts({ content }: BaseMessage, where: string): void {
  if (typeof content === "string") return;
  for (const { type } of content) {
    if (type === "text" || unread.has(type)) continue;
    throw invalidArgument(`${where}: parts of type ${type} cannot be taken: text alone can`);
  }
}

/** What templates that know tools read besides, in OpenAI's form. */
function templateFields(message: BaseMessage): object {
  if (ToolMessage.isInstance(message)) {
    return { tool_call_id: message.tool_call_id, ...(message.name && { name: message.name }) };
  }
  const calls = callsOf(message).map(({ id, name, args }) => ({
    id,
    type: "function",
    function: { name, arguments: JSON.stringify(args) },
  }));
  return calls.length === 0 ? {} : { tool_calls: calls };
}

/** Calls in the form that a model without a template for them is made to write. */
function callsAsText(message: BaseMessage): string {
  return callsOf(message)
    .map(({ name, args }) => JSON.stringify({ name, arguments: args }))
    .join("\n");
}

function callsOf(message: BaseMessage) {
  return AIMessage.isInstance(message) ? (message.tool_calls ?? []) : [];
}
