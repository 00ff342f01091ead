import type { ChatMessage } from "../prompt/dialog.ts";
import { copyList, invalidArgument, isRecord, readArgument, show } from "./check.ts";
import { copyJson, dataLimits } from "./json.ts";

/**
 * Copies a dialog, so that what the caller changes later changes nothing. Roles and contents are
 * checked where the dialog is read.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for what is no array of objects
 */
export function copyMessages(
  messages: readonly ChatMessage[],
  where: string,
): readonly ChatMessage[] {
  const name = `${where}: messages`;
  return readArgument(name, () => {
    const copy = copyList(messages, Number.POSITIVE_INFINITY, (message, index) =>
      copyMessage(message, `${name}[${index}]`),
    );
    if (Array.isArray(copy)) return copy as ChatMessage[];
    throw invalidArgument(`${name} must be an array of messages, not ${show(messages)}`);
  });
}

function copyMessage(message: unknown, name: string): object {
  if (!isRecord(message)) throw invalidArgument(`${name} must be an object, not ${show(message)}`);
  const { role, content } = message;
  const copy: [string, unknown][] = [];
  for (const key of Object.keys(message)) {
    if (key === "role" || key === "content") continue;
    const value = message[key];
    if (value !== undefined) copy.push([key, copyJson(value, `${name}.${key}`, dataLimits)]);
  }
  return { ...Object.fromEntries(copy), role, content };
}
