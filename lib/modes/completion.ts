import type { EnginePrompt } from "../engine/port.ts";
import { type EnginePort, noPromptLimit } from "../engine/port.ts";
import type { PromptPart } from "../native/binding.ts";
import type { GenerateOptions } from "../options/generate.ts";
import { truncate } from "../prompt/truncate.ts";
import { roomForPrompt } from "./history.ts";

/**
 * The prompt that `generate` gives the model, cut to fit where the options say so.
 * @throws CodeLlamaError `CAPABILITY_MISSING` where cutting needs a vocabulary
 */
export function completionPrompt(
  engine: EnginePort,
  prompt: string | Int32Array,
  options: GenerateOptions,
  maxTokens: number,
  stop: AbortSignal,
): EnginePrompt | Promise<EnginePrompt> {
  const { addsBos, specialTokens } = engine.model;
  const start = addsBos && specialTokens.bos !== undefined ? [specialTokens.bos] : [];
  const special = options.special ?? false;
  const parts = (text: string): PromptPart[] => [...start, { text, special }];
  if (options.overflow === "truncate") engine.requireVocabulary('generate(): overflow: "truncate"');
  if (typeof prompt === "string" && !engine.hasVocabulary) return { text: prompt, special };
  if (options.overflow !== "truncate") {
    return typeof prompt === "string"
      ? engine.encodePrompt(parts(prompt), undefined, stop)
      : prompt;
  }
  const room = roomForPrompt(engine, maxTokens);
  if (typeof prompt !== "string") return lastTokens(prompt, room, specialTokens.bos);
  return truncated(engine, prompt, room, parts, stop);
}

/**
 * A whole text's tokens. `"whole"` may be longer than the context.
 * @throws CodeLlamaError `CLOSED`, `CONTEXT_OVERFLOW`
 */
export function textPrompt(
  engine: EnginePort,
  text: string,
  stop: AbortSignal,
  length: "fitting" | "whole" = "fitting",
): Int32Array | Promise<Int32Array> {
  const { addsBos, specialTokens } = engine.model;
  const start = addsBos && specialTokens.bos !== undefined ? [specialTokens.bos] : [];
  const limit = length === "whole" ? noPromptLimit : engine.contextSize;
  return engine.encodePrompt([...start, { text }], limit, stop);
}

async function truncated(
  engine: EnginePort,
  prompt: string,
  room: number,
  parts: (text: string) => PromptPart[],
  stop: AbortSignal,
): Promise<Int32Array> {
  const encode = (text: string, limit?: number) => engine.encodePrompt(parts(text), limit, stop);
  const count = async (text: string) => (await encode(text, noPromptLimit)).length;
  // What is longer than this is not worth counting.
  const end = prompt.slice(-room * longestPiece);
  const { prefix } = await truncate({ prefix: end, suffix: "" }, room, count);
  return encode(prefix);
}

// UTF-16 units of a token; blank space may have a few more.
const longestPiece = 8;

/** The last tokens; the first stays where it begins the sequence. */
function lastTokens(tokens: Int32Array, room: number, bos: number | undefined): Int32Array {
  if (tokens.length <= room) return tokens;
  if (tokens[0] !== bos) return tokens.slice(-room);
  const cut = tokens.slice(-room);
  cut.set(tokens.subarray(0, 1));
  return cut;
}
