import { invalidArgument } from "../base/arguments.ts";
import type { ChatMessage } from "../options/messages.ts";

/** A message with what it has of tools, in OpenAI's form, as chat templates that take tools read it. */
export interface ToolDialogMessage extends ChatMessage {
  readonly tool_calls?: readonly ToldCall[] | null | undefined;
  readonly tool_call_id?: string | null | undefined;
  readonly name?: string | null | undefined;
}

export interface ToldCall {
  readonly id?: string | null | undefined;
  readonly function: {
    readonly name: string;
    /** JSON, or what it says. */
    readonly arguments: string | object;
  };
}

/**
 * A dialog with tools in the words of one without, for models whose format has no place for them.
 * An assistant's calls become the JSON that the model was made to write, one a line:
 * `{"name": "add", "arguments": {"a":1,"b":2}}`. The results that follow become one user message,
 * a line each, `The function add returned: 3`; what the user says next is joined to it, after an
 * empty line, so that user and assistant take turns.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for a result whose function is not known, naming it
 */
export function tellTools(messages: readonly ToolDialogMessage[]): ChatMessage[] {
  const names = new Map<string, string>();
  const told: ChatMessage[] = [];
  /** What functions returned since the assistant spoke. */
  let results = "";
  for (const [index, message] of messages.entries()) {
    const { role, content } = message;
    if (role === "tool") {
      const result = `The function ${nameOf(message, names, index)} returned: ${content}`;
      if (results !== "") told.pop();
      results = results === "" ? result : `${results}\n${result}`;
      told.push({ role: "user", content: results });
      continue;
    }
    const isNext = role === "user" && results !== "";
    if (isNext) told.pop();
    told.push(isNext ? { role, content: `${results}\n\n${content}` } : withCalls(message));
    results = "";
    for (const call of message.tool_calls ?? []) {
      if (call.id != null) names.set(call.id, call.function.name);
    }
  }
  return told;
}

/** Calls stand beside messages, as what the model wrote. */
function withCalls({ role, content, tool_calls: calls }: ToolDialogMessage): ChatMessage {
  const lines = (calls ?? []).map(({ function: { name, arguments: given } }) => {
    // Of a call that was cut short too, and left empty by those who call without any.
    const json = typeof given === "string" ? given.trim() || "{}" : JSON.stringify(given);
    return `{"name": ${JSON.stringify(name)}, "arguments": ${json}}`;
  });
  return { role, content: [content, ...lines].filter((text) => text !== "").join("\n") };
}

function nameOf(
  { tool_call_id: id, name }: ToolDialogMessage,
  names: ReadonlyMap<string, string>,
  index: number,
): string {
  const known = (id == null ? undefined : names.get(id)) ?? name;
  if (known != null && known !== "") return known;
  throw invalidArgument(
    `messages[${index}].tool_call_id must be the id of a call in a message before it, ` +
      `not ${JSON.stringify(id)}`,
  );
}
