import type { Job } from "./jobs/job.ts";
import type { Chunk, GenerationResult } from "./result.ts";

/**
 * A running generation. It has started when you get it. `await` it for the result, iterate over it
 * to stream the text, or do both. Leaving a `for await` loop early cancels the generation.
 *
 * When the signal aborts, both reject with its reason. `cancel()` ends both without an error, with
 * `finishReason: "abort"` and the text so far.
 *
 * A slow reader pauses only its own generation.
 */
export class Generation<Result = GenerationResult>
  implements PromiseLike<Result>, AsyncIterable<Chunk>
{
  readonly #job: Job<Result>;

  /** @internal */
  constructor(job: Job<Result>) {
    this.#job = job;
  }

  /** The text so far; with several answers, the text of the first one. */
  get text(): string {
    return this.#job.text;
  }

  /**
   * The result, for programs that also read the text. Unlike awaiting the generation, reading `result`
   * does not resume a generation that a slow reader has paused.
   */
  get result(): Promise<Result> {
    return this.#job.result;
  }

  /** Ends the generation. The result holds the text so far. Does nothing after the end. */
  cancel(): void {
    this.#job.cancel();
  }

  // biome-ignore lint/suspicious/noThenProperty: a Generation is made to be awaited
  then<Value = Result, Failure = never>(
    onFulfilled?: ((result: Result) => Value | PromiseLike<Value>) | null,
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Value | Failure> {
    return this.#job.wholeResult().then(onFulfilled, onRejected);
  }

  catch<Failure = never>(
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Result> {
    return this.then().finally(onFinally);
  }

  /**
   * Streams the text. A generation can be iterated only once. The iterator's `return()` and `throw()`
   * cancel the generation at once, even before the first `next()` and during a pending one.
   * @throws CodeLlamaError `INVALID_ARGUMENT` when it is iterated a second time
   */
  [Symbol.asyncIterator](): AsyncGenerator<Chunk, void, undefined> {
    return this.#job.chunks();
  }

  /**
   * The text as a web stream; with several answers, the text of the first one. Cancelling the stream
   * cancels the generation. Reading it counts as the one iteration.
   */
  get textStream(): ReadableStream<string> {
    const chunks = this[Symbol.asyncIterator]();
    return new ReadableStream<string>(
      {
        async pull(controller) {
          for (;;) {
            const { value, done } = await chunks.next();
            if (done) return controller.close();
            if (value.index === 0) return controller.enqueue(value.text);
          }
        },
        async cancel() {
          await chunks.return();
        },
      },
      { highWaterMark: 0 },
    );
  }
}
