import { dialogPrompt } from "./chat-prompt.ts";
import { type EnginePort, promptLength } from "./engine-port.ts";
import { CodeLlamaError } from "./errors.ts";
import type { EnginePrompt } from "./generation.ts";
import type { ChatModel, ChatPromptOptions } from "./prompt/chat.ts";
import type { ChatMessage } from "./prompt/dialog.ts";

export interface FittedHistory {
  readonly prompt: EnginePrompt;
  /** Messages that were left out, the oldest first. */
  readonly dropped: readonly ChatMessage[];
}

/**
 * A dialog's prompt of at most `limit` tokens, without the oldest turns where it would be longer.
 * The system message and the last message always stay; if they alone are too long, the prompt is.
 * All of it stays where the engine makes the tokens.
 * @throws CodeLlamaError as `chatPrompt`; `CONTEXT_OVERFLOW`
 */
export async function fitHistory(
  engine: EnginePort,
  chat: ChatModel,
  messages: readonly ChatMessage[],
  options: ChatPromptOptions,
  limit: number,
  where: string,
): Promise<FittedHistory> {
  const system = messages.slice(0, messages[0]?.role === "system" ? 1 : 0);
  const turns = messages.slice(system.length, -1);
  const question = messages.slice(-1);
  // Once something must go, a quarter goes: else each turn would drop another one, and what the KV
  // cache holds would be of no use.
  let target = limit;
  for (let first = 0; ; first = nextTurn(turns, first)) {
    const kept = [...system, ...turns.slice(first), ...question];
    const prompt = await orOverflow(dialogPrompt(engine, chat, kept, options, where));
    const isLast = first >= turns.length;
    if (prompt instanceof CodeLlamaError) {
      if (isLast) throw prompt;
    } else if (isLast || promptLength(prompt) <= target) {
      return { prompt, dropped: turns.slice(0, first) };
    }
    target = Math.floor((limit * 3) / 4);
  }
}

/** Room for an answer of so many tokens, or of a quarter of the context where that is less. */
export function roomForPrompt(engine: EnginePort, maxTokens: number): number {
  return engine.contextSize - Math.min(maxTokens, engine.contextSize >> 2);
}

/** Where the turn after the one at `first` begins: with a user's message. */
function nextTurn(turns: readonly ChatMessage[], first: number): number {
  const next = turns.findIndex(({ role }, index) => index > first && role === "user");
  return next < 0 ? turns.length : next;
}

/** The prompt's tokens; or the error where it is too long for sure. */
async function orOverflow(encode: () => EnginePrompt | Promise<EnginePrompt>) {
  try {
    return await encode();
  } catch (error) {
    if (CodeLlamaError.isInstance(error) && error.code === "CONTEXT_OVERFLOW") return error;
    throw error;
  }
}
