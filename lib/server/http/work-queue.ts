/** Does one piece of work after the other, and leaves out what nobody waits for any more. */
export class WorkQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Rejects with the signal's reason where it is aborted before the work begins. */
  run<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(() => {
      signal.throwIfAborted();
      return work();
    });
    this.#last = result.catch(() => {});
    return result;
  }
}
