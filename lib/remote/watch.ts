import { addAbortListener, removeAbortListener } from "../base/abort-listeners.ts";

/**
 * Ends one exchange with a remote when the caller aborts it, or when the remote sends nothing useful
 * for too long. Every wait races against the watch, so no wait depends on how a stream treats a
 * signal.
 */
export class Watch {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #onOuterAbort = () => this.abort(this.#outer?.reason);
  readonly #idleTimeoutMs: number;
  readonly #onIdle: () => Error;
  #timer: NodeJS.Timeout | undefined;

  /** Starts the idle timeout. An abort of `outer` aborts this watch with the same reason. */
  constructor(idleTimeoutMs: number, onIdle: () => Error, outer: AbortSignal | undefined) {
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#onIdle = onIdle;
    this.#outer = outer;
    if (outer?.aborted) this.abort(outer.reason);
    else if (outer !== undefined) addAbortListener(outer, this.#onOuterAbort);
    this.restart();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Restarts the idle timeout: the remote sent useful data, or we wait for the remote again. */
  restart(): void {
    this.pause();
    if (this.signal.aborted) return;
    this.#timer = setTimeout(() => this.abort(this.#onIdle()), this.#idleTimeoutMs);
  }

  /** Stops the idle timeout: the exchange waits for us, not for the remote. */
  pause(): void {
    clearTimeout(this.#timer);
  }

  abort(reason: unknown): void {
    this.pause();
    this.#controller.abort(reason);
  }

  /** Settles like `work`, or rejects with the reason as soon as the watch is aborted. */
  race<Value>(work: Promise<Value>): Promise<Value> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      if (signal.aborted) onAbort();
      else addAbortListener(signal, onAbort);
      work.then(resolve, reject).finally(() => removeAbortListener(signal, onAbort));
    });
  }

  /** Ends the exchange and closes its connection if it is still open. */
  end(): void {
    if (this.#outer !== undefined) removeAbortListener(this.#outer, this.#onOuterAbort);
    this.abort(undefined);
  }
}
