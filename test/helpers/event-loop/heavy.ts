import type { LoopWatchdog } from "./watchdog.mjs";

let watchdog: LoopWatchdog | undefined;

/** Called by the setup file, where a watchdog runs. */
export function allowHeavyWork(running: LoopWatchdog): void {
  watchdog = running;
}

/**
 * Runs work of the test itself that may hold the event loop, such as the building of a large input,
 * until it returns or its promise settles.
 * The library's own work must not be in it.
 * @param _reason why the work is heavy, for the reader
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
