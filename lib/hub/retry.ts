import { setTimeout as sleep } from "node:timers/promises";
import { retryAfterMs } from "../base/retry-after.ts";
import { downloadFailed, type Retry, retryOf } from "./failure.ts";

// A request that fails this often in a row without progress fails for good.
const mostAttempts = 5;
// Longer pauses are left to the user.
const longestPauseMs = 60_000;

/** Repeats work that fails for a passing reason, with growing pauses or those that the server asks for. */
export class Retries {
  readonly #firstPauseMs: number;
  readonly #signal: AbortSignal;
  #failures = 0;

  constructor(firstPauseMs: number, signal: AbortSignal) {
    this.#firstPauseMs = firstPauseMs;
    this.#signal = signal;
  }

  /** Progress was made: the count of failures starts again. */
  reset(): void {
    this.#failures = 0;
  }

  /**
   * Waits before the next attempt.
   * @throws the error, if a retry does not help or the attempts are used up; the signal's reason
   */
  async pause(error: unknown): Promise<void> {
    this.#signal.throwIfAborted();
    const retry = retryOf(error);
    this.#failures++;
    if (retry === undefined || this.#failures >= mostAttempts) throw error;
    const ms = retry.afterMs ?? this.#firstPauseMs * 2 ** (this.#failures - 1);
    if (ms > longestPauseMs) throw error;
    await sleep(ms, undefined, { signal: this.#signal }).catch(() => this.#signal.throwIfAborted());
  }

  /** Runs work until it succeeds or fails for good. */
  async run<Value>(work: () => Promise<Value>): Promise<Value> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        await this.pause(error);
      }
    }
  }
}

/** What the headers of a status say about a retry. Undefined if the status is not a passing one. */
export function retryOfStatus(status: number, retryAfter: string | undefined): Retry | undefined {
  if (status !== 408 && status !== 429 && status < 500) return undefined;
  return { afterMs: retryAfterMs(retryAfter) };
}

/** The failure for a status that has no better explanation. */
export function statusFailure(host: string, status: number, retryAfter: string | undefined): Error {
  const retry = retryOfStatus(status, retryAfter);
  const wait =
    retry?.afterMs === undefined ? "" : `; it asks to wait ${Math.ceil(retry.afterMs / 1000)} s`;
  const reason =
    status === 429 ? "limits the rate of requests" : status >= 500 ? "has a fault" : "refused";
  const message = `${host} ${reason} (HTTP ${status})${wait}`;
  return downloadFailed(message, { status, ...(retry !== undefined && { retry }) });
}
