import { invalidArgument, readArgument, show } from "../base/arguments.ts";
import { checkList, isRecord } from "./check.ts";
import { copyJson, dataLimits } from "./json.ts";

export const roles = ["system", "user", "assistant", "tool"] as const;

/** One message of a dialog. */
export interface ChatMessage {
  /** `"tool"` is the answer of a tool, for models whose chat template has that role. */
  readonly role: (typeof roles)[number];
  readonly content: string;
}

/**
 * Copies a dialog, so that later changes by the caller have no effect. The reader of the dialog checks
 * roles and contents.
 * @throws CodeLlamaError `INVALID_ARGUMENT` unless the value is an array of objects
 */
export function copyMessages(
  messages: readonly ChatMessage[],
  where: string,
): readonly ChatMessage[] {
  const name = `${where}: messages`;
  return readArgument(name, () => {
    const list = checkList(messages, name);
    return list.map((message, index) => copyMessage(message, `${name}[${index}]`));
  });
}

function copyMessage(message: unknown, name: string): ChatMessage {
  if (!isRecord(message)) throw invalidArgument(`${name} must be an object (got ${show(message)})`);
  const { role, content } = message;
  const copy: [string, unknown][] = [];
  for (const key of Object.keys(message)) {
    if (key === "role" || key === "content") continue;
    const value = message[key];
    if (value !== undefined) copy.push([key, copyJson(value, `${name}.${key}`, dataLimits)]);
  }
  return { ...Object.fromEntries(copy), role, content } as unknown as ChatMessage;
}
