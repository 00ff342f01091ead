/** Work that pauses about every half millisecond, so that the event loop can run other tasks. */
export type Steps<Result> = Generator<void, Result>;

/** Runs all of the work without a pause. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Runs the work until its first pause. Short work ends before it. */
export function begin<Result>(steps: Steps<Result>): Result | Unfinished<Result> {
  const { done, value } = steps.next();
  return done === true ? value : new Unfinished(steps);
}

/** Work that has reached its first pause. */
export class Unfinished<Result> {
  readonly #steps: Steps<Result>;
  #result: Promise<Result> | undefined;

  constructor(steps: Steps<Result>) {
    this.#steps = steps;
  }

  /** Runs the rest in slices between other tasks. All callers share one run. */
  finish(): Promise<Result> {
    this.#result ??= this.#continue();
    return this.#result;
  }

  async #continue(): Promise<Result> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const { done, value } = this.#steps.next();
      if (done === true) return value;
    }
  }
}
