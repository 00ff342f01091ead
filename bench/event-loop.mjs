/** Measures what an engine costs the main thread, where all other JavaScript runs. */
import { readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** Interval of the monitor's timer. The measured delay includes it. */
const RESOLUTION_MS = 2;
const CLOCK_TICKS_PER_SECOND = 100;

/** Processor time of the main thread. Only Linux reports it. */
function mainThreadCpuMs() {
  if (process.platform !== "linux") return Number.NaN;
  const stat = readFileSync(`/proc/self/task/${process.pid}/stat`, "utf8");
  // The fields after the command's name, which is in parentheses and may contain spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (1000 * ticks) / CLOCK_TICKS_PER_SECOND;
}

/**
 * Runs an asynchronous call and measures the event loop during it.
 *
 * @template T
 * @param {() => Promise<T>} call
 * @returns {Promise<{ result: T, eventLoop: { delayP99Ms: number, delayMaxMs: number,
 *   elapsedMs: number, mainThreadCpuMs: number } }>}
 */
export async function watchEventLoop(call) {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  const started = performance.now();
  const cpuBefore = mainThreadCpuMs();
  delays.enable();
  const result = await call();
  delays.disable();
  const delayMs = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - RESOLUTION_MS);
  return {
    result,
    eventLoop: {
      delayP99Ms: delayMs(delays.percentile(99)),
      delayMaxMs: delayMs(delays.max),
      elapsedMs: performance.now() - started,
      mainThreadCpuMs: mainThreadCpuMs() - cpuBefore,
    },
  };
}
