import type { EnginePort, PromptEncoder } from "../engine/port.ts";
import { CodeLlamaError } from "../errors.ts";
import type { ChatMessage } from "../options/messages.ts";
import type { EncodeDialog } from "./chat-prompt.ts";

export interface FittedHistory {
  readonly prompt: Int32Array;
  /** Messages that were left out, the oldest first. */
  readonly dropped: readonly ChatMessage[];
}

/** A dialog that may be shortened to fit. */
export interface History {
  readonly messages: readonly ChatMessage[];
  /** The whole dialog, laid out. */
  readonly whole: EncodeDialog;
  /** Lays out a dialog with fewer messages. */
  layOut(messages: readonly ChatMessage[]): EncodeDialog;
}

/** The prompt that starts with a given turn, or the error if it is certainly too long. */
interface Attempt {
  readonly first: number;
  readonly prompt: Int32Array | CodeLlamaError;
}

/**
 * Encodes a dialog in at most `limit` tokens, without its oldest turns if it would be longer. The
 * system message and the last message always stay: a prompt of those two may be longer.
 * @throws CodeLlamaError like `chatPrompt`; `CONTEXT_OVERFLOW`; the reason of the encoder's stop signal
 */
export async function fitHistory(
  { messages, whole, layOut }: History,
  limit: number,
  encoder: PromptEncoder,
): Promise<FittedHistory> {
  const system = messages.slice(0, messages[0]?.role === "system" ? 1 : 0);
  const turns = messages.slice(system.length, -1);
  const question = messages.slice(-1);

  // Each message has at least one token, so older messages cannot fit.
  const oldest = turns.length - limit;
  let tokensPerUnit = usualTokensPerUnit;
  if (oldest <= 0) {
    const all = { first: 0, prompt: await encodeOrOverflow(whole, encoder) };
    if (fits(all, limit)) return fitted(all, turns);
    if (!CodeLlamaError.isInstance(all.prompt)) {
      tokensPerUnit = all.prompt.length / Math.max(1, unitsOf(messages));
    }
  }
  // When turns must go, a quarter of the history goes: if each question dropped one more turn, the
  // prefix cache would not help any more.
  const target = Math.floor((limit * 3) / 4);
  const attempt = async (first: number): Promise<Attempt> => {
    const kept = [...system, ...turns.slice(first), ...question];
    return { first, prompt: await encodeOrOverflow(layOut(kept), encoder) };
  };
  const starts = turnStarts(turns).filter((start) => start >= oldest);
  const units = unitsFrom(turns, unitsOf(system) + unitsOf(question));
  const best = await firstThatFits(starts, target, tokensPerUnit, units, attempt);
  return fitted(best ?? (await attempt(turns.length)), turns);
}

// Tokens per UTF-16 unit of usual text, until the dialog itself shows its own ratio.
const usualTokensPerUnit = 0.3;
// Guesses by length before the search halves the rest.
const mostGuesses = 3;

/**
 * The attempt with the earliest start whose prompt has at most `target` tokens. The lengths of earlier
 * attempts predict where to look, so that few prompts are encoded.
 */
async function firstThatFits(
  starts: readonly number[],
  target: number,
  tokensPerUnit: number,
  units: readonly number[],
  attempt: (first: number) => Promise<Attempt>,
): Promise<Attempt | undefined> {
  let ratio = tokensPerUnit;
  let best: Attempt | undefined;
  let low = 0;
  for (let high = starts.length, guesses = 0; low < high; guesses++) {
    const guess = starts.findIndex((start) => ratio * (units[start] ?? 0) <= target);
    const nearest = guess < 0 ? high - 1 : Math.min(Math.max(guess, low), high - 1);
    const middle = guesses < mostGuesses ? nearest : (low + high) >> 1;
    const tried = await attempt(starts[middle] ?? 0);
    if (!CodeLlamaError.isInstance(tried.prompt)) {
      ratio = tried.prompt.length / Math.max(1, units[tried.first] ?? 1);
    }
    if (fits(tried, target)) {
      best = tried;
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return best;
}

function fits({ prompt }: Attempt, target: number): boolean {
  return !CodeLlamaError.isInstance(prompt) && prompt.length <= target;
}

/** @throws CodeLlamaError the overflow of a prompt that is too long with nothing left to drop */
function fitted({ first, prompt }: Attempt, turns: readonly ChatMessage[]): FittedHistory {
  if (CodeLlamaError.isInstance(prompt)) throw prompt;
  return { prompt, dropped: turns.slice(0, first) };
}

/** Tokens left for a prompt: the context window minus `maxTokens`, or minus a quarter if that is less. */
export function roomForPrompt({ contextSize }: EnginePort, maxTokens: number): number {
  return contextSize - Math.min(maxTokens, contextSize >> 2);
}

/** Returns the indices at which turns after the first one start, with a user message. */
function turnStarts(turns: readonly ChatMessage[]): number[] {
  return turns.flatMap(({ role }, index) => (index > 0 && role === "user" ? [index] : []));
}

/** Returns the UTF-16 units of messages. */
function unitsOf(messages: readonly ChatMessage[]): number {
  return messages.reduce((units, { content }) => units + content.length, 0);
}

/** Returns for each turn the units of this and all later turns, plus `rest`. */
function unitsFrom(turns: readonly ChatMessage[], rest: number): number[] {
  const units: number[] = [];
  let sum = rest;
  for (const [index, { content }] of [...turns.entries()].reverse()) {
    sum += content.length;
    units[index] = sum;
  }
  return units;
}

/** Returns the tokens of a prompt, or the error if the prompt is certainly too long. */
async function encodeOrOverflow(
  encode: EncodeDialog,
  encoder: PromptEncoder,
): Promise<Int32Array | CodeLlamaError> {
  try {
    return await encode(encoder);
  } catch (error) {
    if (CodeLlamaError.isInstance(error) && error.code === "CONTEXT_OVERFLOW") return error;
    throw error;
  }
}
