import { boolean, oneOf, type Rules } from "./check.ts";
import {
  beamRules,
  type CompletionOption,
  choiceRules,
  type GenerateOptions,
  type Mode,
} from "./generate.ts";
import { copyJson, dataLimits } from "./json.ts";
import { structureRules } from "./structure.ts";

/** How to answer a dialog. */
export interface ChatOptions extends Omit<GenerateOptions, CompletionOption | "overflow"> {
  /** Default 0.6, as in Meta's reference. */
  readonly temperature?: number;
  /** Default 0.9, as in Meta's reference. */
  readonly topP?: number;
  /** Chats even with a model that was not taught to, in Llama-2's format. Default false. */
  readonly force?: boolean;
  /**
   * Tool definitions in OpenAI's form, for models whose chat template takes them. What the model
   * then says of tools is part of the text.
   */
  readonly tools?: readonly object[];
  /**
   * What to do with a dialog that leaves no room in the context for `maxTokens` (or a quarter of
   * the context, where that is less): `"error"`, the default, refuses it when not even one token
   * fits; `"truncate"` leaves out the oldest turns, as a session always does.
   */
  readonly overflow?: "error" | "truncate";
  /**
   * What to do with a message that spells out one of the dialog format's tags, such as `[INST]`:
   * `"escape"`, the default, takes it as plain text; `"reject"` refuses the dialog, as Meta's
   * reference does. Neither ever lets a text become a control token.
   */
  readonly specialText?: "escape" | "reject";
}

/** The options that say how a dialog becomes a prompt. */
export type EncodeChatOptions = Pick<ChatOptions, "specialText" | "tools">;

export const encodeChatRules: Rules = {
  tools: {
    allowed: "an array of objects",
    copy: (value, name) => copyJson(value, name, dataLimits),
    accepts: (value) =>
      Array.isArray(value) && value.every((tool) => typeof tool === "object" && tool !== null),
  },
  specialText: oneOf("escape", "reject"),
};

export const chatMode: Mode = {
  rules: {
    force: boolean,
    overflow: oneOf("error", "truncate"),
    ...encodeChatRules,
    ...structureRules,
    ...choiceRules,
    ...beamRules,
  },
  // Of Meta's `chat_completion`.
  defaults: { temperature: 0.6, topP: 0.9 },
};
