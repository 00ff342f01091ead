import { invalidArgument, show } from "../base/arguments.ts";
import { type ChatMessage, roles } from "../options/messages.ts";
import type { Steps } from "./steps.ts";

/** A checked dialog: the user and the assistant by turns, the user last. */
export interface Dialog {
  readonly system: string | undefined;
  readonly turns: readonly { readonly user: string; readonly assistant: string }[];
  readonly question: string;
}

/** Characters of a message, which is laid out in one go: several millions of tokens. */
const longestMessage = 2 ** 24;

/** Messages that are checked or laid out before a pause. */
export const messagesAtOnce = 1000;

/**
 * Checks that the roles alternate as Code Llama was trained: at most one system message, first;
 * then user and assistant by turns; the user last.
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
    throw invalidArgument(`${where}: the last message must be of role "user"`);
  }
  return { system, turns, question };
}

function checkRole(role: string, expected: string, index: number, where: string): void {
  if (role === expected) return;
  throw invalidArgument(
    `${where}: messages[${index}] must be of role "${expected}", not "${role}": ` +
      "user and assistant take turns, and only the first message may be of role system",
  );
}

/**
 * Checks the messages one by one, whatever their order.
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
    throw invalidArgument(`${where} must be an object, not ${show(message)}`);
  }
  const { role, content } = message as Record<string, unknown>;
  if (!roles.includes(role as ChatMessage["role"])) {
    throw invalidArgument(
      `${where}: role must be ${roles.map((each) => `"${each}"`).join(", ")}, not ${show(role)}`,
    );
  }
  if (typeof content !== "string") {
    throw invalidArgument(`${where}: content must be a string, not ${show(content)}`);
  }
  if (content.length > longestMessage) {
    throw invalidArgument(
      `${where}: content must have at most ${longestMessage} characters, not ${content.length}`,
    );
  }
}
