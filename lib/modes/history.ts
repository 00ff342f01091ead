import { type EnginePort, type EnginePrompt, promptLength } from "../engine/port.ts";
import { CodeLlamaError } from "../errors.ts";
import type { PromptMaker } from "../generation.ts";
import type { ChatMessage } from "../options/messages.ts";
import type { ChatModel, ChatPromptOptions } from "../prompt/chat.ts";
import { dialogPrompt } from "./chat-prompt.ts";

export interface FittedHistory {
  readonly prompt: EnginePrompt;
  /** Messages that were left out, the oldest first. */
  readonly dropped: readonly ChatMessage[];
}

/**
 * A dialog's prompt of at most `limit` tokens, without the oldest turns where it would be longer.
 * The system message and the last message always stay; if they alone are too long, the prompt is.
 * All of it stays where the engine makes the tokens.
 * @throws CodeLlamaError as `chatPrompt`; `CONTEXT_OVERFLOW`; the reason of `stop`
 */
export async function fitHistory(
  engine: EnginePort,
  chat: ChatModel,
  messages: readonly ChatMessage[],
  options: ChatPromptOptions,
  limit: number,
  where: string,
  stop: AbortSignal,
): Promise<FittedHistory> {
  const system = messages.slice(0, messages[0]?.role === "system" ? 1 : 0);
  const turns = messages.slice(system.length, -1);
  const question = messages.slice(-1);
  const from = async (first: number) => {
    const kept = [...system, ...turns.slice(first), ...question];
    const prompt = await orOverflow(dialogPrompt(engine, chat, kept, options, where), stop);
    return { first, prompt };
  };
  const fits = (prompt: EnginePrompt | CodeLlamaError, target: number) =>
    !CodeLlamaError.isInstance(prompt) && promptLength(prompt) <= target;

  // Each message takes a token at least, so that older ones are not worth a try.
  const oldest = engine.hasVocabulary ? turns.length - limit : 0;
  if (oldest <= 0) {
    const whole = await from(0);
    if (fits(whole.prompt, limit)) return fitted(whole, turns);
  }
  // Once something must go, a quarter goes: else each turn would drop another one, and what the KV
  // cache holds would be of no use. A bisection, because each try encodes all that is left.
  const target = Math.floor((limit * 3) / 4);
  const starts = turnStarts(turns).filter((start) => start >= oldest);
  let low = 0;
  let best = await from(turns.length);
  for (let high = starts.length; low < high; ) {
    const middle = (low + high) >> 1;
    const tried = await from(starts[middle] ?? turns.length);
    if (fits(tried.prompt, target)) {
      best = tried;
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return fitted(best, turns);
}

/** @throws CodeLlamaError the overflow of a prompt that does not fit with nothing left to drop */
function fitted(
  { first, prompt }: { readonly first: number; readonly prompt: EnginePrompt | CodeLlamaError },
  turns: readonly ChatMessage[],
): FittedHistory {
  if (CodeLlamaError.isInstance(prompt)) throw prompt;
  return { prompt, dropped: turns.slice(0, first) };
}

/** Room for an answer of so many tokens, or of a quarter of the context where that is less. */
export function roomForPrompt(engine: EnginePort, maxTokens: number): number {
  return engine.contextSize - Math.min(maxTokens, engine.contextSize >> 2);
}

/** Where turns after the first one begin: with a user's message. */
function turnStarts(turns: readonly ChatMessage[]): number[] {
  return turns.flatMap(({ role }, index) => (index > 0 && role === "user" ? [index] : []));
}

/** The prompt's tokens; or the error where it is too long for sure. */
async function orOverflow(encode: PromptMaker, stop: AbortSignal) {
  try {
    return await encode(stop);
  } catch (error) {
    if (CodeLlamaError.isInstance(error) && error.code === "CONTEXT_OVERFLOW") return error;
    throw error;
  }
}
