import { type ChatOptions, chatTable } from "./chat.ts";
import { anyText, anything, callback, integer } from "./check.ts";
import type { ChatMessage } from "./messages.ts";
import { type OptionTable, rulesOf } from "./table.ts";

/** Turns that a session drops from its prompt. */
export interface DroppedTurns {
  /** Messages that the model no longer sees, oldest first. */
  readonly messages: readonly ChatMessage[];
}

export interface SessionOptions {
  /** System prompt; never dropped. */
  readonly system?: string;
  /** Earlier conversation: user and assistant take turns, an answer comes last. */
  readonly messages?: readonly ChatMessage[];
  /**
   * Maximum number of prompt tokens: system prompt, earlier turns and the question. The oldest turns
   * are dropped beyond it. Default: the context, minus room for an answer. Range 16 to 2³¹-1.
   */
  readonly maxHistoryTokens?: number;
  /** Called before the answer begins when turns are dropped. */
  readonly onDropped?: (dropped: DroppedTurns) => void;
}

/** How to answer in a session: with one answer, because it joins the history. */
export type SendOptions = Omit<
  ChatOptions,
  "n" | "bestOf" | "beams" | "lengthPenalty" | "overflow"
>;

const { n, bestOf, beams, lengthPenalty, overflow, ...withoutChoices } = chatTable;

/** The options of a session's `send`. */
export const sendTable = withoutChoices satisfies OptionTable<SendOptions>;

/** The options of `session`. */
export const sessionTable = {
  system: { rule: anyText, doc: "set the system prompt" },
  messages: {
    // copyMessages() checks each message.
    rule: anything,
    doc: "continue an earlier conversation",
  },
  maxHistoryTokens: {
    rule: integer(16, 2 ** 31 - 1),
    defaultText: "the context, minus room for an answer",
    doc: "drop the oldest turns beyond this many tokens",
  },
  onDropped: { rule: callback, doc: "call this function when turns are dropped" },
} as const satisfies OptionTable<SessionOptions>;

export const sessionRules = rulesOf(sessionTable);
