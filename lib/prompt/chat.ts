import { invalidArgument } from "../base/arguments.ts";
import { CodeLlamaError } from "../errors.ts";
import type { ChatFormat } from "../model/capabilities.ts";
import type { PromptPart } from "../native/binding.ts";
import type { ModelInfo } from "../native/model-info.ts";
import type { ChatMessage } from "../options/messages.ts";
import { checkMessages, messagesAtOnce, readDialog } from "./dialog.ts";
import { instructPrompt } from "./instruct.ts";
import { instruct70bPrompt } from "./instruct-70b.ts";
import type { Steps } from "./steps.ts";
import { renderTemplate, takesTools } from "./template.ts";

/** Tags that Meta's reference rejects in a message (`SPECIAL_TAGS` in llama/generation.py). */
const specialTags = ["[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<step>"];

/** What `chatPrompt` needs to know about a model. */
export interface ChatModel {
  readonly model: ModelInfo;
  readonly format: ChatFormat;
  /** Whether every prompt starts with the beginning-of-sequence token. */
  readonly addsBos: boolean;
  /** Returns the text of a token as chat templates spell it. */
  spell(token: number): string;
  /** Whether the text spells at least one control token. */
  spellsControlToken(text: string): boolean;
}

export interface ChatPromptOptions {
  readonly specialText?: "escape" | "reject";
  readonly tools?: readonly object[];
}

/**
 * Lays out a dialog in the format that the model was trained on. Runs in steps, because a dialog
 * may be long.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message; `CAPABILITY_MISSING` for tools
 *   when the model's chat format does not support them
 */
export function* chatPrompt(
  messages: readonly ChatMessage[],
  chat: ChatModel,
  { specialText = "escape", tools }: ChatPromptOptions,
  where: string,
): Steps<PromptPart[]> {
  const { specialTokens, chatTemplate } = chat.model;
  if (tools !== undefined && !(chat.format === "template" && takesTools(chatTemplate))) {
    throw new CodeLlamaError(
      "CAPABILITY_MISSING",
      `${where}: this model's chat format does not support tools`,
    );
  }
  if (chat.format === "template") {
    yield* checkMessages(messages, where);
    if (specialText === "reject") yield* rejectControlTokens(messages, tools, chat, where);
    return yield* templatePrompt(messages, chat, tools, where);
  }
  const dialog = yield* readDialog(messages, where);
  if (specialText === "reject") yield* rejectTags(messages, where);
  return yield* chat.format === "codellama-70b" && specialTokens.step !== undefined
    ? instruct70bPrompt(dialog, specialTokens.step, specialTokens)
    : instructPrompt(dialog, specialTokens);
}

function* templatePrompt(
  messages: readonly ChatMessage[],
  chat: ChatModel,
  tools: readonly object[] | undefined,
  where: string,
): Steps<PromptPart[]> {
  const { bos, eos } = chat.model.specialTokens;
  const bosText = bos === undefined ? "" : chat.spell(bos);
  const eosText = eos === undefined ? "" : chat.spell(eos);
  const input = { messages, tools, bosText, eosText };
  const parts = yield* renderTemplate(chat.model.chatTemplate, input, where);
  const [first] = parts;
  const begins =
    typeof first === "object" && first.special === true && first.text.startsWith(bosText);
  return chat.addsBos && bos !== undefined && !(begins && bosText !== "") ? [bos, ...parts] : parts;
}

/** Returns a prompt as text, with its control tokens spelled out. */
export function promptText(parts: readonly PromptPart[], chat: ChatModel): string {
  const names = new Map<number, string>();
  const nameOf = (token: number) => {
    const name = names.get(token) ?? chat.spell(token);
    names.set(token, name);
    return name;
  };
  return parts.map((part) => (typeof part === "number" ? nameOf(part) : part.text)).join("");
}

function* rejectControlTokens(
  messages: readonly ChatMessage[],
  tools: readonly object[] | undefined,
  chat: ChatModel,
  where: string,
): Steps<void> {
  for (const [index, message] of messages.entries()) {
    if (yield* spellsControlToken(message, chat)) {
      throw invalidArgument(
        `${where}: messages[${index}] must not spell a control token when specialText is "reject"`,
      );
    }
  }
  if (yield* spellsControlToken(tools, chat)) {
    throw invalidArgument(
      `${where}: a tool definition must not spell a control token when specialText is "reject"`,
    );
  }
}

// A long text is searched in windows, so that no single search blocks the event loop. The windows
// overlap by more than the length of any control token.
const windowUnits = 2048;
const overlapUnits = 256;

function* spellsControlToken(data: unknown, chat: ChatModel): Steps<boolean> {
  if (typeof data === "string") {
    for (let start = 0; start < data.length; start += windowUnits - overlapUnits) {
      if (chat.spellsControlToken(data.slice(start, start + windowUnits))) return true;
      if (data.length > windowUnits) yield;
    }
    return false;
  }
  if (typeof data !== "object" || data === null) return false;
  for (const [name, value] of Object.entries(data)) {
    const found = chat.spellsControlToken(name) || (yield* spellsControlToken(value, chat));
    if (found) return true;
  }
  yield;
  return false;
}

function* rejectTags(messages: readonly ChatMessage[], where: string): Steps<void> {
  for (const [index, { content }] of messages.entries()) {
    const tag = specialTags.find((each) => content.includes(each));
    if (tag !== undefined) {
      throw invalidArgument(
        `${where}: messages[${index}] must not contain ${tag} when specialText is "reject"`,
      );
    }
    if (index % messagesAtOnce === messagesAtOnce - 1) yield;
  }
}
