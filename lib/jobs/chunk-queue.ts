import { append } from "../base/append.ts";
import { CodeLlamaError } from "../errors.ts";
import type { Chunk, TokenLogprobs } from "../result.ts";

// Tokens that wait for the reader. Above the high-water mark the job pauses its requests, below the
// low-water mark it resumes them. The marks count tokens: with drafts one chunk holds many tokens.
const highWaterMark = 256;
const lowWaterMark = 64;

/** Tokens and log-probabilities that wait for the next text of their answer. */
class Pending {
  readonly tokens: number[] = [];
  readonly logprobs: TokenLogprobs[] = [];
  readonly promptLogprobs: TokenLogprobs[] = [];
}

/** Chunks between a job and its reader. */
export class ChunkQueue {
  readonly #setPaused: (paused: boolean) => void;
  readonly #chunks: Chunk[] = [];
  /** Tokens in `#chunks`. */
  #unread = 0;
  /** Tokens without text so far, by answer. */
  readonly #pending = new Map<number, Pending>();
  #text = "";
  #isRead = false;
  #isUnlimited = false;
  #end: { readonly failure?: { readonly reason: unknown } } | undefined;
  /** Wakes the reader. */
  #wake: (() => void) | undefined;

  /** @param setPaused - called when the reader falls behind (true) and when it has caught up (false) */
  constructor(setPaused: (paused: boolean) => void) {
    this.#setPaused = setPaused;
  }

  /** The text so far of the first answer. */
  get text(): string {
    return this.#text;
  }

  /** Adds a chunk. Tokens without text join the next chunk of their answer. */
  push({ text, tokens, logprobs = [], promptLogprobs = [], index }: Chunk): void {
    if (index === 0) this.#text += text;
    const pending = this.#pending.get(index) ?? new Pending();
    append(pending.tokens, tokens);
    append(pending.logprobs, logprobs);
    append(pending.promptLogprobs, promptLogprobs);
    if (text === "") {
      this.#pending.set(index, pending);
      return;
    }
    this.#pending.delete(index);
    this.#chunks.push({
      text,
      tokens: pending.tokens,
      index,
      ...(pending.logprobs.length > 0 && { logprobs: pending.logprobs }),
      ...(pending.promptLogprobs.length > 0 && { promptLogprobs: pending.promptLogprobs }),
    });
    this.#unread += pending.tokens.length;
    if (this.#unread > highWaterMark && !this.#isUnlimited) this.#setPaused(true);
    this.#wakeReader();
  }

  /** Ends the chunks. After a failure, the reader gets its reason after the last chunk. */
  end(failure?: { readonly reason: unknown }): void {
    this.#end = { ...(failure && { failure }) };
    this.#wakeReader();
  }

  /** Stops pausing: a caller waits for the whole text, even if the reader is slow. */
  removeLimit(): void {
    this.#isUnlimited = true;
    this.#setPaused(false);
  }

  /** Returns the chunks, once. @throws CodeLlamaError `INVALID_ARGUMENT` the second time */
  async *read(): AsyncGenerator<Chunk, void, undefined> {
    if (this.#isRead) {
      throw new CodeLlamaError(
        "INVALID_ARGUMENT",
        "a Generation can be iterated once; await it for the whole text, or use textStream.tee()",
      );
    }
    this.#isRead = true;
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#unread -= chunk.tokens.length;
        if (this.#unread <= lowWaterMark) this.#setPaused(false);
        yield chunk;
      } else if (this.#end?.failure !== undefined) {
        throw this.#end.failure.reason;
      } else if (this.#end !== undefined) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #wakeReader(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
