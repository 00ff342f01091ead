import type { Job } from "./jobs/job.ts";
import type { Chunk, GenerationResult } from "./result.ts";

/**
 * Text in the making. The work has begun when you get it. `await` it for the result, iterate it
 * for the text as it comes, or do both. Leaving a `for await` loop early cancels the work.
 *
 * An abort by signal rejects both with the signal's reason. `cancel()` ends both without an error,
 * with `finishReason: "abort"` and the text so far.
 *
 * A reader that falls behind pauses its own generation only.
 */
export class Generation<Result = GenerationResult>
  implements PromiseLike<Result>, AsyncIterable<Chunk>
{
  readonly #job: Job<Result>;

  /** @internal */
  constructor(job: Job<Result>) {
    this.#job = job;
  }

  /** The text so far; with several answers, that of the first. */
  get text(): string {
    return this.#job.text;
  }

  /**
   * The result, for a program that also reads the text. Unlike awaiting the generation, it leaves the
   * generation paused while the reader is behind.
   */
  get result(): Promise<Result> {
    return this.#job.result;
  }

  /** Ends the work; the result is what was generated so far. Does nothing after the end. */
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
   * The text as it comes. A generation can be iterated once. The iterator's `return()` and `throw()`
   * cancel the work at once, even before the first `next()` and during one.
   * @throws CodeLlamaError `INVALID_ARGUMENT` when it is iterated again
   */
  [Symbol.asyncIterator](): AsyncGenerator<Chunk, void, undefined> {
    return this.#job.chunks();
  }

  /**
   * The text as a web stream; with several answers, that of the first. Cancelling the stream cancels
   * the work. Counts as the one iteration.
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
