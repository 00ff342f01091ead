import type { EnginePort } from "../engine/port.ts";
import type { PromptMaker } from "../generation.ts";
import type { ChatMessage } from "../options/messages.ts";
import { type ChatModel, type ChatPromptOptions, chatPrompt } from "../prompt/chat.ts";
import { checkMessages } from "../prompt/dialog.ts";
import { begin, finish, Unfinished } from "../prompt/steps.ts";

/**
 * A dialog, checked, as what makes its prompt: tokens as the model was taught them, or the messages
 * themselves where the engine lays them out. A short dialog is laid out at once; of a long one the
 * beginning, and the rest in slices between other work when the prompt is asked for.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message; `CAPABILITY_MISSING`
 */
export function dialogPrompt(
  engine: EnginePort,
  chat: ChatModel,
  messages: readonly ChatMessage[],
  options: ChatPromptOptions,
  where: string,
): PromptMaker {
  if (engine.hasVocabulary) {
    const parts = begin(chatPrompt(messages, chat, options, where));
    return parts instanceof Unfinished
      ? async (stop) => engine.encodePrompt(await parts.finish(), undefined, stop)
      : (stop) => engine.encodePrompt(parts, undefined, stop);
  }
  if (options.specialText === "reject") engine.requireVocabulary(`${where}: specialText: "reject"`);
  finish(checkMessages(messages, where));
  return () => ({ messages, tools: options.tools });
}
