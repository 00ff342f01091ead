import type { EngineCall } from "../engine/port.ts";
import { promptLength } from "../engine/port.ts";
import type { RemoteChunk } from "./dialects/dialect.ts";

// Characters per token, at most. It limits the answers of servers that do not return token ids.
const longestPiece = 1024;
// Limit of every answer. It exceeds the longest context windows.
const mostTokens = 2 ** 24;

/** Checks that a remote sends no more than the request allows. */
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

  /** Counts a chunk. Returns false once the answer exceeds the limit. */
  allow({ text, tokens, logprobs, hidden = 0 }: RemoteChunk): boolean {
    this.#tokens += Math.max(tokens.length, logprobs?.length ?? 0);
    this.#characters += text.length + hidden;
    return this.#tokens <= this.#maximumTokens && this.#characters <= this.#maximumCharacters;
  }
}
