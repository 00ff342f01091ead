import type { EnginePort, PromptEncoder } from "../engine/port.ts";
import type { Capabilities } from "../model/capabilities.ts";
import type { ChatMessage } from "../options/messages.ts";
import { type ChatModel, type ChatPromptOptions, chatPrompt } from "../prompt/chat.ts";
import { checkMessages } from "../prompt/dialog.ts";
import { begin, finish, Unfinished } from "../prompt/steps.ts";

/** Encodes a dialog that has been checked and laid out. */
export type EncodeDialog = (encoder: PromptEncoder) => Int32Array | Promise<Int32Array>;

/** Returns what `chatPrompt` needs to know about a model. */
export function chatModel(engine: EnginePort, capabilities: Capabilities): ChatModel {
  const { model } = engine;
  const encode = (text: string, special: boolean) =>
    engine.vocabulary("chat()").encode([{ text, special }]);
  return {
    model,
    format: capabilities.chatFormat ?? "llama-2",
    addsBos: model.addsBos,
    spell: (token) => engine.vocabulary("chat()").detokenize(Int32Array.of(token), true),
    spellsControlToken: (text) => `${encode(text, true)}` !== `${encode(text, false)}`,
  };
}

/**
 * Checks a dialog and lays it out in the model's chat format. For a long dialog, only the beginning is
 * laid out at once. The rest follows in slices between other tasks when the prompt is encoded.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message; `CAPABILITY_MISSING`
 */
export function layOutDialog(
  chat: ChatModel,
  messages: readonly ChatMessage[],
  options: ChatPromptOptions,
  where: string,
): EncodeDialog {
  const parts = begin(chatPrompt(messages, chat, options, where));
  return parts instanceof Unfinished
    ? async (encoder) => encoder.encode(await parts.finish())
    : (encoder) => encoder.encode(parts);
}

/**
 * Checks a dialog that a remote engine lays out.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message
 */
export function remoteDialog(
  messages: readonly ChatMessage[],
  { tools }: ChatPromptOptions,
  where: string,
) {
  finish(checkMessages(messages, where));
  return { messages, tools };
}
