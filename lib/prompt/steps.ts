/** Work that pauses about each half millisecond, so that other work can go on in between. */
export type Steps<Result> = Generator<void, Result>;

/** Does all of the work at once. */
export function finish<Result>(steps: Steps<Result>): Result {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Does the work up to its first pause, which short work never reaches. */
export function begin<Result>(steps: Steps<Result>): Result | Unfinished<Result> {
  const { done, value } = steps.next();
  return done === true ? value : new Unfinished(steps);
}

/** Work that takes more than a moment. */
export class Unfinished<Result> {
  readonly #steps: Steps<Result>;
  #result: Promise<Result> | undefined;

  constructor(steps: Steps<Result>) {
    this.#steps = steps;
  }

  /** Does the rest in slices between the event loop's other tasks, once for all who ask. */
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
