import type { LoopWatchdog } from "./watchdog.mjs";

let watchdog: LoopWatchdog | undefined;

/** Tells `heavy` about the running watchdog. The setup file calls it. */
export function allowHeavyWork(running: LoopWatchdog): void {
  watchdog = running;
}

/**
 * Runs work that may hold the event loop: the test's own work, such as building a large input, never
 * the library's. The exemption ends when `work` returns or its promise settles.
 * @param _reason - why the work is heavy, for the reader
 */
export function heavy<Result>(_reason: string, work: () => Result): Result {
  watchdog?.beginExemption();
  let result: Result | undefined;
  try {
    result = work();
    return result;
  } finally {
    const end = () => watchdog?.endExemption();
    if (result instanceof Promise) result.then(end, end);
    else end();
  }
}
