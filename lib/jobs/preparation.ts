import { types } from "node:util";

/** The value of work that a request waits for, or why it waits no more. */
export type Prepared<Value> = { readonly value: Value } | { readonly ended: "abort" | "timeout" };

/** Work that stops when `stop` is aborted. */
export type Preparing<Value> = (stop: AbortSignal) => Value | Promise<Value>;

/** Waits for work of a generation until the work, its time limit or the generation ends. */
export class Preparation {
  readonly #waiting = new Set<() => void>();

  /**
   * Begins the work. A value that is there at once is returned at once.
   * @param remainingMs - absent: without an end
   */
  run<Value>(
    work: Preparing<Value>,
    remainingMs: number | undefined,
  ): Prepared<Value> | Promise<Prepared<Value>> {
    if (remainingMs !== undefined && remainingMs <= 0) return { ended: "timeout" };
    const controller = new AbortController();
    const made = work(controller.signal);
    if (!types.isPromise(made)) return { value: made };
    return new Promise((resolve, reject) => {
      const end = (ended: "abort" | "timeout") => {
        resolve({ ended });
        controller.abort();
      };
      const abort = () => end("abort");
      const timer =
        remainingMs === undefined ? undefined : setTimeout(end, Math.ceil(remainingMs), "timeout");
      this.#waiting.add(abort);
      made
        .then((value) => resolve({ value }), reject)
        .finally(() => {
          this.#waiting.delete(abort);
          clearTimeout(timer);
        });
    });
  }

  /** Ends all work: whoever waits gets `"abort"`. */
  abort(): void {
    for (const abort of this.#waiting) abort();
  }
}
