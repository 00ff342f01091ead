import { invalidArgument, show } from "../base/arguments.ts";
import { type ChatMessage, roles } from "../options/messages.ts";
import type { Steps } from "./steps.ts";

/** A checked dialog: user and assistant alternate, and the user has the last message. */
export interface Dialog {
  readonly system: string | undefined;
  readonly turns: readonly { readonly user: string; readonly assistant: string }[];
  readonly question: string;
}

/** UTF-16 units of one message, at most. A message is laid out without a pause. */
const longestMessage = 2 ** 24;

/** Messages checked or laid out between two pauses. */
export const messagesAtOnce = 1000;

/**
 * Checks that the roles alternate as in Code Llama's training: an optional system message first,
 * then user and assistant in turn, and the user last.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message
 */
export function* readDialog(messages: readonly ChatMessage[], where: string): Steps<Dialog> {
  yield* checkMessages(messages, where);
  const [first] = messages;
  const system = first?.role === "system" ? first.content : undefined;
  const offset = system === undefined ? 0 : 1;
  const turns: { user: string; assistant: string }[] = [];
  let question: string | undefined;
  for (const [index, { role, content }] of messages.entries()) {
    if (index < offset) continue;
    checkRole(role, question === undefined ? "user" : "assistant", index, where);
    if (question === undefined) {
      question = content;
    } else {
      turns.push({ user: question, assistant: content });
      question = undefined;
    }
    if (index % messagesAtOnce === messagesAtOnce - 1) yield;
  }
  if (question === undefined) {
    throw invalidArgument(`${where}: the last message must have role "user"`);
  }
  return { system, turns, question };
}

function checkRole(role: string, expected: string, index: number, where: string): void {
  if (role === expected) return;
  throw invalidArgument(
    `${where}: messages[${index}] must have role "${expected}" (got "${role}"): ` +
      "user and assistant alternate, and only the first message may have role system",
  );
}

/**
 * Checks each message by itself, without regard to their order.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message
 */
export function* checkMessages(messages: readonly ChatMessage[], where: string): Steps<void> {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw invalidArgument(`${where}: messages must be an array with at least one message`);
  }
  for (const [index, message] of messages.entries()) {
    checkMessage(message, `${where}: messages[${index}]`);
    if (index % messagesAtOnce === messagesAtOnce - 1) yield;
  }
}

function checkMessage(message: unknown, where: string): void {
  if (typeof message !== "object" || message === null) {
    throw invalidArgument(`${where} must be an object (got ${show(message)})`);
  }
  const { role, content } = message as Record<string, unknown>;
  if (!roles.includes(role as ChatMessage["role"])) {
    throw invalidArgument(
      `${where}: role must be one of ${roles.map((each) => `"${each}"`).join(", ")} (got ${show(role)})`,
    );
  }
  if (typeof content !== "string") {
    throw invalidArgument(`${where}: content must be a string (got ${show(content)})`);
  }
  if (content.length > longestMessage) {
    throw invalidArgument(
      `${where}: content must have at most ${longestMessage} characters (got ${content.length})`,
    );
  }
}
