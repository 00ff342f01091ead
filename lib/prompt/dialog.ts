import { invalidArgument, show } from "../options/check.ts";

const roles = ["system", "user", "assistant", "tool"] as const;

export interface ChatMessage {
  /** `"tool"`, a tool's answer, only for models whose chat template knows it. */
  readonly role: (typeof roles)[number];
  readonly content: string;
}

/** A checked dialog: the user and the assistant by turns, the user last. */
export interface Dialog {
  readonly system: string | undefined;
  readonly turns: readonly { readonly user: string; readonly assistant: string }[];
  readonly question: string;
}

/**
 * Checks that the roles alternate as Code Llama was trained: at most one system message, first;
 * then user and assistant by turns; the user last.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message
 */
export function readDialog(messages: readonly ChatMessage[], where: string): Dialog {
  readMessages(messages, where);
  const [first] = messages as readonly ChatMessage[];
  const system = first?.role === "system" ? first.content : undefined;
  const offset = system === undefined ? 0 : 1;
  const contents = messages.slice(offset).map((message, index) => {
    const expected = index % 2 === 0 ? "user" : "assistant";
    if (message.role !== expected) {
      throw invalidArgument(
        `${where}: messages[${index + offset}] must be of role "${expected}", not "${message.role}": ` +
          "user and assistant take turns, and only the first message may be of role system",
      );
    }
    return message.content;
  });
  const question = contents.at(-1);
  if (question === undefined || contents.length % 2 === 0) {
    throw invalidArgument(`${where}: the last message must be of role "user"`);
  }
  const turns = [];
  for (let index = 0; index + 1 < contents.length; index += 2) {
    turns.push({ user: contents[index] ?? "", assistant: contents[index + 1] ?? "" });
  }
  return { system, turns, question };
}

/**
 * Checks the messages one by one, whatever their order.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message
 */
export function readMessages(messages: readonly ChatMessage[], where: string): void {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw invalidArgument(`${where}: messages must be an array with at least one message`);
  }
  for (const [index, message] of messages.entries()) {
    checkMessage(message, `${where}: messages[${index}]`);
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
}
