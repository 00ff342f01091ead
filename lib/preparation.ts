/** The value of work that a request waits for, or why it waits no more. */
export type Prepared<Value> = { readonly value: Value } | { readonly ended: "abort" | "timeout" };

/** Waits for work that cannot be stopped, and can be told to wait no more. */
export class Preparation {
  readonly #waiting = new Set<() => void>();

  /** @param timeoutMs - absent: without an end */
  wait<Value>(work: Promise<Value>, timeoutMs: number | undefined): Promise<Prepared<Value>> {
    return new Promise((resolve, reject) => {
      const abort = () => resolve({ ended: "abort" });
      const timer =
        timeoutMs === undefined
          ? undefined
          : setTimeout(() => resolve({ ended: "timeout" }), timeoutMs);
      this.#waiting.add(abort);
      work
        .then((value) => resolve({ value }), reject)
        .finally(() => {
          this.#waiting.delete(abort);
          clearTimeout(timer);
        });
    });
  }

  /** Whoever waits is answered with `"abort"`. */
  abort(): void {
    for (const abort of this.#waiting) abort();
  }
}
