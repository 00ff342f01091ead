import type { EnginePort } from "./engine-port.ts";
import type { EnginePrompt } from "./generation.ts";
import { type ChatModel, type ChatPromptOptions, chatPrompt } from "./prompt/chat.ts";
import { type ChatMessage, readMessages } from "./prompt/dialog.ts";

/**
 * A dialog, checked, as what makes its prompt: tokens as the model was taught them, or the messages
 * themselves where the engine lays them out.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message; `CAPABILITY_MISSING`
 */
export function dialogPrompt(
  engine: EnginePort,
  chat: ChatModel,
  messages: readonly ChatMessage[],
  options: ChatPromptOptions,
  where: string,
): () => EnginePrompt | Promise<EnginePrompt> {
  if (engine.hasVocabulary) {
    const parts = chatPrompt(messages, chat, options, where);
    return () => engine.encodePrompt(parts);
  }
  if (options.specialText === "reject") engine.requireVocabulary(`${where}: specialText: "reject"`);
  readMessages(messages, where);
  return () => ({ messages, tools: options.tools });
}
