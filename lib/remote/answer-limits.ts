import { promptLength } from "../engine/port.ts";
import type { EngineCall } from "../generation.ts";
import type { RemoteChunk } from "./dialects/dialect.ts";

// A remote that does not tell token ids is held to characters. No piece of a vocabulary has more.
const longestPiece = 1024;
// Of any answer, whatever was asked for: more than the longest context windows hold.
const mostTokens = 2 ** 24;

/** Holds a remote to the length of answer that was asked for. */
export class AnswerLimits {
  readonly #maximumTokens: number;
  readonly #maximumCharacters: number;
  #tokens = 0;
  #characters = 0;

  constructor({ maxTokens, prompt }: EngineCall, contextSize: number) {
    const room = contextSize - promptLength(prompt);
    this.#maximumTokens = Math.max(0, Math.min(maxTokens, room, mostTokens));
    this.#maximumCharacters = Math.min(this.#maximumTokens * longestPiece, mostTokens);
  }

  /** Counts a chunk; whether it is still within what was asked for. */
  allow({ text, tokens, logprobs, hidden = 0 }: RemoteChunk): boolean {
    this.#tokens += Math.max(tokens.length, logprobs?.length ?? 0);
    this.#characters += text.length + hidden;
    return this.#tokens <= this.#maximumTokens && this.#characters <= this.#maximumCharacters;
  }
}
