import { invalidArgument } from "../base/arguments.ts";
import type { ChatMessage } from "../options/messages.ts";

/** Message with its tool calls or tool result, in OpenAI's format. Chat templates with tool support render it. */
export interface ToolDialogMessage extends ChatMessage {
  readonly tool_calls?: readonly MessageToolCall[] | null | undefined;
  readonly tool_call_id?: string | null | undefined;
  readonly name?: string | null | undefined;
}

export interface MessageToolCall {
  readonly id?: string | null | undefined;
  readonly function: {
    readonly name: string;
    /** JSON text, or the parsed value. */
    readonly arguments: string | object;
  };
}

/**
 * Rewrites a dialog with tools as plain messages. Models without tool support, such as Code Llama,
 * see a tool call as one line of JSON, `{"name": "add", "arguments": {"a":1,"b":2}}`. Consecutive
 * results become one user message with one line each, `The function add returned: 3`. The next user
 * message joins that message after an empty line, so that user and assistant still take turns.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for a result of an unknown call
 */
export function writeToolsAsText(messages: readonly ToolDialogMessage[]): ChatMessage[] {
  const names = new Map<string, string>();
  const written: ChatMessage[] = [];
  /** Results since the last assistant message. They are also the last written message. */
  let results = "";
  for (const [index, message] of messages.entries()) {
    const { role, content } = message;
    if (role === "tool") {
      const result = `The function ${functionName(message, names, index)} returned: ${content}`;
      if (results !== "") written.pop();
      results = results === "" ? result : `${results}\n${result}`;
      written.push({ role: "user", content: results });
      continue;
    }
    const followsResults = role === "user" && results !== "";
    if (followsResults) written.pop();
    written.push(
      followsResults ? { role, content: `${results}\n\n${content}` } : writeCalls(message),
    );
    results = "";
    for (const call of message.tool_calls ?? []) {
      if (call.id != null) names.set(call.id, call.function.name);
    }
  }
  return written;
}

/** Writes the calls of a message into its content, one line each. */
function writeCalls({ role, content, tool_calls: calls }: ToolDialogMessage): ChatMessage {
  const lines = (calls ?? []).map(({ function: { name, arguments: given } }) => {
    // Arguments can be text that a limit cut short. Some clients send "" for no arguments.
    const json = typeof given === "string" ? given.trim() || "{}" : JSON.stringify(given);
    return `{"name": ${JSON.stringify(name)}, "arguments": ${json}}`;
  });
  return { role, content: [content, ...lines].filter((text) => text !== "").join("\n") };
}

function functionName(
  { tool_call_id: id, name }: ToolDialogMessage,
  names: ReadonlyMap<string, string>,
  index: number,
): string {
  const known = (id == null ? undefined : names.get(id)) ?? name;
  if (known != null && known !== "") return known;
  throw invalidArgument(
    `messages[${index}].tool_call_id must be the id of a tool call in an earlier message ` +
      `(got ${JSON.stringify(id)})`,
  );
}
