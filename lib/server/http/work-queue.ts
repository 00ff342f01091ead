/** Runs pieces of work one after another. Skips work whose signal is aborted. */
export class WorkQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Rejects with the signal's reason if the signal is aborted before the work begins. */
  run<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
