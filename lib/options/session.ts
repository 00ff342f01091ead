import { type ChatOptions, chatMode } from "./chat.ts";
import { anyText, anything, callback, integer, type Rules } from "./check.ts";
import type { Mode } from "./generate.ts";
import type { ChatMessage } from "./messages.ts";

/** What a session was about to forget. */
export interface DroppedTurns {
  /** Messages that the model does not see any more, the oldest first. */
  readonly messages: readonly ChatMessage[];
}

export interface SessionOptions {
  /** Said before all else; never dropped. */
  readonly system?: string;
  /** A conversation so far: user and assistant by turns, an answer last. */
  readonly messages?: readonly ChatMessage[];
  /**
   * Tokens of the prompt at most: system text, earlier turns and the question. Beyond it the
   * oldest turns are dropped. Default: the context, less room for an answer. Range 16 to 2³¹-1.
   */
  readonly maxHistoryTokens?: number;
  /** Called when turns are dropped, before the answer begins. */
  readonly onDropped?: (dropped: DroppedTurns) => void;
}

/** How to answer in a session: one answer, since it joins the history. */
export type SendOptions = Omit<
  ChatOptions,
  "n" | "bestOf" | "beams" | "lengthPenalty" | "overflow"
>;

const { n, bestOf, beams, lengthPenalty, ...sendRules } = chatMode.rules;

export const sendMode: Mode = { ...chatMode, rules: sendRules };

export const sessionRules: Rules = {
  system: anyText,
  messages: anything, // copyMessages() names the message
  maxHistoryTokens: integer(16, 2 ** 31 - 1),
  onDropped: callback,
};
