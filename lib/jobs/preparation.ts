import { types } from "node:util";

/** A prepared value, or the reason why the request ended before it was ready. */
export type Prepared<Value> = { readonly value: Value } | { readonly ended: EarlyEnd };

type EarlyEnd = "abort" | "timeout";

/** Waits for the work that a job's requests need before they start: encoding and compiling. */
export class Preparation {
  readonly #stop = new AbortController();
  readonly #waits = new Set<(ended: EarlyEnd) => void>();
  /** Why the work was stopped; undefined while it may go on. */
  #ended: EarlyEnd | undefined;

  /** Aborted when no request waits for the work any more. */
  get stop(): AbortSignal {
    return this.#stop.signal;
  }

  /**
   * Waits for work until it ends, the time limit passes or the job is cancelled. A value that is not a
   * promise is returned at once.
   * @param work - starts the work, and must stop it when `stop` is aborted
   * @param remainingMs - what is left of the job's time limit; undefined = no limit
   */
  run<Value>(
    work: (stop: AbortSignal) => Value | Promise<Value>,
    remainingMs: number | undefined,
  ): Prepared<Value> | Promise<Prepared<Value>> {
    if (this.#ended !== undefined) return { ended: this.#ended };
    if (remainingMs !== undefined && remainingMs <= 0) return { ended: "timeout" };
    const begun = work(this.stop);
    if (!types.isPromise(begun)) return { value: begun };
    return new Promise((resolve, reject) => {
      const end = (ended: EarlyEnd) => resolve({ ended });
      this.#waits.add(end);
      // The job has one time limit, so it is over for all requests at once.
      const timer = remainingMs && setTimeout(() => this.#end("timeout"), Math.ceil(remainingMs));
      begun
        .then((value) => resolve({ value }), reject)
        .finally(() => {
          this.#waits.delete(end);
          clearTimeout(timer);
        });
    });
  }

  /** Stops all work. Requests that wait for it end with `"abort"`. */
  cancel(): void {
    this.#end("abort");
  }

  #end(ended: EarlyEnd): void {
    this.#ended ??= ended;
    // An abort makes a DOMException, which is slow when many jobs end in one turn.
    if (this.#waits.size > 0) this.#stop.abort();
    for (const end of this.#waits) end(ended);
  }
}
