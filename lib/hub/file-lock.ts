import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lock } from "proper-lockfile";
import { downloadFailed } from "./failure.ts";

export interface LockOptions {
  readonly signal: AbortSignal;
  /** Called once if another process has the lock. */
  onWait(): void;
}

// A lock of a killed process counts as abandoned after this time.
const staleMs = 10_000;
const pollMs = 250;

/**
 * Runs `work` while this process alone has the lock, so that two processes fetch a file once.
 * @param path - of the lock, a folder that exists while the lock is held
 */
export async function withLock<Value>(
  path: string,
  { signal, onWait }: LockOptions,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  await mkdir(dirname(path), { recursive: true });
  const lost = new AbortController();
  let hasWaited = false;
  for (;;) {
    signal.throwIfAborted();
    const release = await lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: staleMs,
      onCompromised: (cause) =>
        lost.abort(downloadFailed("another process took over the download; try again", { cause })),
    }).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ELOCKED") throw error;
    });
    if (release !== undefined) {
      try {
        return await work(AbortSignal.any([signal, lost.signal]));
      } finally {
        // A lost lock has no owner to release it.
        await release().catch(() => {});
      }
    }
    if (!hasWaited) onWait();
    hasWaited = true;
    await sleep(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
