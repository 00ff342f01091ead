import { AIMessage, type BaseMessage, ToolMessage } from "@langchain/core/messages";
import { invalidArgument, readArgument } from "../../base/arguments.ts";
import { checkList } from "../../options/check.ts";
import { copyJson, dataLimits } from "../../options/json.ts";
import type { ChatMessage } from "../../options/messages.ts";
import type { ToolDialogMessage } from "../../tools/tool-dialog.ts";

const roles: Readonly<Record<string, ChatMessage["role"]>> = {
  system: "system",
  human: "user",
  ai: "assistant",
  tool: "tool",
};

// Calls are also in a message's `tool_calls`. The model does not see its earlier reasoning.
const ignoredPartTypes = new Set([
  "reasoning",
  "thinking",
  "redacted_thinking",
  "tool_use",
  "tool_call",
  "tool_call_chunk",
]);

/**
 * Converts LangChain's messages to a dialog with tool calls and results in OpenAI's format.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for messages with anything but text and tool calls
 */
export function dialogOf(messages: readonly BaseMessage[]): readonly ToolDialogMessage[] {
  return checkList(messages, "messages").map((message, index) => {
    const where = `messages[${index}]`;
    return readArgument(where, () => readMessage(message, where));
  });
}

function readMessage(message: BaseMessage, where: string): ToolDialogMessage {
  const type = message.getType();
  const role = Object.hasOwn(roles, type) ? roles[type] : undefined;
  if (role === undefined)
    throw invalidArgument(
      `${where} must be a ${Object.keys(roles).join(", ")} message (got type ${type})`,
    );
  checkParts(message, where);
  return { role, content: message.text, ...toolFields(message, where) };
}

function checkParts({ content }: BaseMessage, where: string): void {
  if (typeof content === "string") return;
  for (const { type } of content) {
    if (type === "text" || ignoredPartTypes.has(type)) continue;
    throw invalidArgument(`${where}: content parts must be text (got type ${type})`);
  }
}

function toolFields(
  message: BaseMessage,
  where: string,
): Omit<ToolDialogMessage, "role" | "content"> {
  if (ToolMessage.isInstance(message)) {
    return { tool_call_id: message.tool_call_id, ...(message.name && { name: message.name }) };
  }
  if (!AIMessage.isInstance(message)) return {};
  const whole = (message.tool_calls ?? []).map(({ id, name, args }) =>
    callOf(id, name, JSON.stringify(copyJson(args, `${where}: arguments of a call`, dataLimits))),
  );
  const cut = (message.invalid_tool_calls ?? []).map(({ id, name, args }) =>
    callOf(id, name ?? "", args ?? ""),
  );
  const calls = [...whole, ...cut];
  return calls.length === 0 ? {} : { tool_calls: calls };
}

function callOf(id: string | undefined, name: string, json: string) {
  return { id, type: "function", function: { name, arguments: json } };
}
