import type { NativeRequest } from "../native/binding.ts";
import { boolean, oneOf, type Rule } from "./check.ts";
import { beamTable, type CompletionOption, type GenerateOptions } from "./generate.ts";
import { copyJson, dataLimits } from "./json.ts";
import { sharedTable } from "./shared.ts";
import { structureTable } from "./structure.ts";
import { type NativeTable, rulesOf } from "./table.ts";

/** How to answer a dialog. */
export interface ChatOptions extends Omit<GenerateOptions, CompletionOption | "overflow"> {
  /** Default 0.6, as in Meta's reference. */
  readonly temperature?: number;
  /** Default 0.9, as in Meta's reference. */
  readonly topP?: number;
  /** Chats even with a model that is not an instruct model, in Llama 2's format. Default false. */
  readonly force?: boolean;
  /**
   * Tool definitions in OpenAI's form, for models whose chat template takes them. The tool calls of
   * the answer are part of its text.
   */
  readonly tools?: readonly object[];
  /**
   * What happens to a dialog that leaves no room in the context for `maxTokens` (or for a quarter of
   * the context, if that is less): `"error"`, the default, rejects it when not even one token fits;
   * `"truncate"` drops the oldest turns, as a session always does.
   */
  readonly overflow?: "error" | "truncate";
  /**
   * What happens to a message that spells out one of the tags of the dialog format, such as
   * `[INST]`: `"escape"`, the default, reads it as plain text; `"reject"` refuses the dialog, as
   * Meta's reference does. Either way, text never becomes a control token.
   */
  readonly specialText?: "escape" | "reject";
}

/** Options for turning a dialog into a prompt. */
export type EncodeChatOptions = Pick<ChatOptions, "specialText" | "tools">;

const toolDefinitions: Rule<readonly object[]> = {
  allowed: "an array of objects",
  copy: (value, name) => copyJson(value, name, dataLimits),
  accepts: (value) =>
    Array.isArray(value) && value.every((tool) => typeof tool === "object" && tool !== null),
};

/** The options of `encodeChat` and `renderChat`. */
export const encodeChatTable = {
  specialText: {
    rule: oneOf("escape", "reject"),
    native: "none",
    default: "escape",
    doc: "escape or reject dialog tags that a message spells out",
  },
  tools: {
    rule: toolDefinitions,
    form: "[{ type, function }]",
    native: "none",
    doc: "give tool definitions to the chat template",
  },
} as const satisfies NativeTable<EncodeChatOptions, object>;

export const encodeChatRules = rulesOf(encodeChatTable);

/** The options of `chat`. */
export const chatTable = {
  ...sharedTable,
  // The defaults of Meta's `chat_completion`.
  temperature: { ...sharedTable.temperature, default: 0.6 },
  topP: { ...sharedTable.topP, default: 0.9 },
  ...beamTable,
  ...structureTable,
  overflow: {
    rule: oneOf("error", "truncate"),
    native: "none",
    default: "error",
    doc: "reject a long dialog or drop its oldest turns",
  },
  ...encodeChatTable,
  force: {
    rule: boolean,
    native: "none",
    default: false,
    flag: {},
    doc: "chat with a model that is not an instruct model",
  },
} as const satisfies NativeTable<ChatOptions, NativeRequest>;
