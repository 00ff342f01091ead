import type { ChatFormat } from "../capabilities.ts";
import type { ModelInfo } from "../engine-info.ts";
import { CodeLlamaError } from "../errors.ts";
import { invalidArgument } from "../options/check.ts";
import { type ChatMessage, readDialog, readMessages } from "./dialog.ts";
import { instructPrompt } from "./instruct.ts";
import { instruct70bPrompt } from "./instruct-70b.ts";
import type { PromptPart } from "./parts.ts";
import { renderTemplate, takesTools } from "./template.ts";

/** Tags that Meta's reference refuses in a message (`SPECIAL_TAGS` in llama/generation.py). */
const specialTags = ["[INST]", "[/INST]", "<<SYS>>", "<</SYS>>", "<step>"];

/** What a model's chat prompt is made with. */
export interface ChatModel {
  readonly model: ModelInfo;
  readonly format: ChatFormat;
  /** Whether the vocabulary puts the beginning-of-sequence token first. */
  readonly addsBos: boolean;
  /** A token as a template spells it. */
  spell(token: number): string;
  /** Whether a text, taken special, holds control tokens. */
  spellsControlToken(text: string): boolean;
}

export interface ChatPromptOptions {
  readonly specialText?: "escape" | "reject";
  readonly tools?: readonly object[];
}

/**
 * A dialog as the model was taught it.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message; `CAPABILITY_MISSING` for tools
 *   that the model's format has no place for
 */
export function chatPrompt(
  messages: readonly ChatMessage[],
  chat: ChatModel,
  { specialText = "escape", tools }: ChatPromptOptions,
  where: string,
): PromptPart[] {
  const { specialTokens, chatTemplate } = chat.model;
  if (tools !== undefined && !(chat.format === "template" && takesTools(chatTemplate))) {
    throw new CodeLlamaError(
      "CAPABILITY_MISSING",
      `${where}: this model's dialog format has no place for tools`,
    );
  }
  if (chat.format === "template") {
    readMessages(messages, where);
    if (specialText === "reject") rejectControlTokens(messages, chat, where);
    return templatePrompt(messages, chat, tools, where);
  }
  const dialog = readDialog(messages, where);
  if (specialText === "reject") rejectTags(messages, where);
  return chat.format === "codellama-70b" && specialTokens.step !== undefined
    ? instruct70bPrompt(dialog, specialTokens.step, specialTokens)
    : instructPrompt(dialog, specialTokens);
}

function templatePrompt(
  messages: readonly ChatMessage[],
  chat: ChatModel,
  tools: readonly object[] | undefined,
  where: string,
): PromptPart[] {
  const { bos, eos } = chat.model.specialTokens;
  const bosText = bos === undefined ? "" : chat.spell(bos);
  const eosText = eos === undefined ? "" : chat.spell(eos);
  const parts = renderTemplate(
    chat.model.chatTemplate,
    { messages, tools, bosText, eosText },
    chat.spellsControlToken,
    where,
  );
  const [first] = parts;
  const begins =
    typeof first === "object" && first.special === true && first.text.startsWith(bosText);
  return chat.addsBos && bos !== undefined && !(begins && bosText !== "") ? [bos, ...parts] : parts;
}

function rejectControlTokens(messages: readonly ChatMessage[], chat: ChatModel, where: string) {
  const index = messages.findIndex(({ content }) => chat.spellsControlToken(content));
  if (index < 0) return;
  throw invalidArgument(
    `${where}: messages[${index}] spells a control token, which specialText: "reject" refuses`,
  );
}

function rejectTags(messages: readonly ChatMessage[], where: string): void {
  for (const [index, { content }] of messages.entries()) {
    const tag = specialTags.find((each) => content.includes(each));
    if (tag === undefined) continue;
    throw invalidArgument(
      `${where}: messages[${index}] contains ${tag}, which specialText: "reject" refuses`,
    );
  }
}
