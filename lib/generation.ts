import { addAbortListener, removeAbortListener } from "./abort-listeners.ts";
import type { NativeEngine, NativeFinished, NativeRequestEvent } from "./binding.ts";
import { CodeLlamaError } from "./errors.ts";

/** A piece of new text. */
export interface Chunk {
  /** Whole characters, free of stop strings; never empty. */
  readonly text: string;
  /** The tokens that were taken since the last chunk. */
  readonly tokens: readonly number[];
}

export interface Usage {
  readonly promptTokens: number;
  /** Of the prompt's tokens, those that were taken from the KV cache instead of computed. */
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

export interface Timings {
  /** From the call to the first step that computes the prompt. */
  readonly queuedMs: number;
  /** From there to the first new token. */
  readonly prefillMs: number;
  /** From there to the end. */
  readonly decodeMs: number;
  /** Computed prompt tokens over `prefillMs`. */
  readonly prefillTokensPerSecond: number;
  /** New tokens but the first, which the prefill gives, over `decodeMs`. */
  readonly decodeTokensPerSecond: number;
}

/** Why a generation ended: an end token or a stop string, a limit, or `cancel()`. */
export type FinishReason = "stop" | "length" | "abort";

export interface GenerationResult {
  readonly text: string;
  readonly tokens: Int32Array;
  readonly finishReason: FinishReason;
  /** The stop string that matched. */
  readonly stopString?: string;
  /** Gives the same text again: same model, options and build, running alone. */
  readonly seed: number;
  readonly usage: Usage;
  readonly timings: Timings;
}

// Chunks that wait for their reader. Beyond the mark the engine rests on this request.
const highWaterMark = 256;
const lowWaterMark = 64;

/**
 * Text in the making. The work has begun when you get it. `await` it for the result, iterate it
 * for the text as it comes, or do both; leaving a `for await` early cancels the work.
 *
 * An abort by signal rejects both with the signal's reason; `cancel()` ends both in good order,
 * with `finishReason: "abort"` and the text so far.
 *
 * A reader that falls behind stops its own generation for a while, no other.
 */
export class Generation implements PromiseLike<GenerationResult>, AsyncIterable<Chunk> {
  readonly #engine: NativeEngine;
  readonly #id: number;
  readonly #seed: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => this.cancel();

  readonly #result: PromiseWithResolvers<GenerationResult> = withResolvers();
  #text = "";
  readonly #tokens: number[] = [];

  #iterated = false;
  /** Somebody awaits the result, so the text is wanted however long it gets. */
  #awaited = false;
  #paused = false;
  #chunks: Chunk[] = [];
  #pendingTokens: number[] = [];
  #settled = false;
  #failure: { readonly reason: unknown } | undefined;
  /** Wakes the iterator. */
  #wake: (() => void) | undefined;

  /** @internal Made by CodeLlama, which passes the engine's events to `receive`. */
  constructor(engine: NativeEngine, id: number, seed: number, signal: AbortSignal | undefined) {
    this.#engine = engine;
    this.#id = id;
    this.#seed = seed;
    this.#signal = signal;
    // A caller that only iterates sees the failure there.
    this.#result.promise.catch(() => {});
    if (signal !== undefined) addAbortListener(signal, this.#onAbort);
  }

  /** The text so far. */
  get text(): string {
    return this.#text;
  }

  /** Ends the work; what was made so far is the result. Without effect after the end. */
  cancel(): void {
    if (!this.#settled) this.#engine.cancel(this.#id);
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting it is what it is for
  then<Value = GenerationResult, Failure = never>(
    onFulfilled?: ((result: GenerationResult) => Value | PromiseLike<Value>) | null,
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Value | Failure> {
    this.#awaited = true;
    this.#setPaused(false);
    return this.#result.promise.then(onFulfilled, onRejected);
  }

  catch<Failure = never>(
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<GenerationResult | Failure> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<GenerationResult> {
    return this.then().finally(onFinally);
  }

  /**
   * The text as it comes. May be iterated once.
   * @throws CodeLlamaError `INVALID_ARGUMENT` when it is iterated again
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Chunk, void, undefined> {
    if (this.#iterated) {
      throw new CodeLlamaError(
        "INVALID_ARGUMENT",
        "a Generation can be iterated once; await it for the whole text, or use textStream.tee()",
      );
    }
    this.#iterated = true;
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk !== undefined) {
          if (this.#chunks.length <= lowWaterMark) this.#setPaused(false);
          yield chunk;
        } else if (this.#failure !== undefined) {
          throw this.#failure.reason;
        } else if (this.#settled) {
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      this.cancel();
    }
  }

  /** The text as a web stream; cancelling the stream cancels the work. Takes the one iteration. */
  get textStream(): ReadableStream<string> {
    const chunks = this[Symbol.asyncIterator]();
    return new ReadableStream<string>(
      {
        async pull(controller) {
          const { value, done } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(value.text);
        },
        async cancel() {
          await chunks.return();
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** @internal Takes an event of the engine. Throws nothing. */
  receive(event: NativeRequestEvent): void {
    if (event.type === "text") {
      this.#onText(event.text, event.tokens);
    } else if (event.type === "failed") {
      this.fail(new CodeLlamaError(event.code, event.message));
    } else if (event.finishReason === "abort" && this.#signal?.aborted) {
      this.fail(this.#signal.reason);
    } else {
      this.#onFinished(event);
    }
  }

  /** @internal Ends it with an error. */
  fail(reason: unknown): void {
    this.#failure = { reason };
    this.#settle();
    this.#result.reject(reason);
  }

  #onText(text: string, tokens: readonly number[]): void {
    this.#text += text;
    this.#tokens.push(...tokens);
    this.#pendingTokens.push(...tokens);
    if (text === "") return;
    this.#chunks.push({ text, tokens: this.#pendingTokens });
    this.#pendingTokens = [];
    if (this.#chunks.length > highWaterMark && !this.#awaited) this.#setPaused(true);
    this.#wakeReader();
  }

  #onFinished(event: NativeFinished): void {
    this.#settle();
    const { promptTokens, cachedTokens, completionTokens } = event;
    const { queuedMs, prefillMs, decodeMs } = event;
    this.#result.resolve({
      text: this.#text,
      tokens: Int32Array.from(this.#tokens),
      finishReason: event.finishReason,
      ...(event.stopString === "" ? {} : { stopString: event.stopString }),
      seed: this.#seed,
      usage: { promptTokens, cachedTokens, completionTokens },
      timings: {
        queuedMs,
        prefillMs,
        decodeMs,
        prefillTokensPerSecond: perSecond(promptTokens - cachedTokens, prefillMs),
        decodeTokensPerSecond: perSecond(completionTokens - 1, decodeMs),
      },
    });
  }

  #settle(): void {
    this.#settled = true;
    // A signal that many requests share must not hold on to those that are done.
    if (this.#signal !== undefined) removeAbortListener(this.#signal, this.#onAbort);
    this.#wakeReader();
  }

  #wakeReader(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused || this.#settled) return;
    this.#paused = paused;
    this.#engine.setPaused(this.#id, paused);
  }
}

function perSecond(tokens: number, milliseconds: number): number {
  return tokens > 0 && milliseconds > 0 ? (tokens * 1000) / milliseconds : 0;
}

interface PromiseWithResolvers<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (reason: unknown) => void;
}

// Promise.withResolvers() came with Node 22.
function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let resolve: PromiseWithResolvers<Value>["resolve"] = () => {};
  let reject: PromiseWithResolvers<Value>["reject"] = () => {};
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
