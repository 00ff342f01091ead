// Finds turns of the event loop that hold the main thread for too long, and the peak memory of the
// process. It is JavaScript because child processes of the tests load it without a compiler.
import { readFileSync } from "node:fs";
import { MessageChannel, Worker } from "node:worker_threads";

/** Most processor time of one turn of the event loop on a fast machine. Slow and busy machines get more. */
export const limitMs = 50;

const beatMs = 5;

/** Indices into the shared memory. */
export const BEATS = 0;
export const EXEMPT = 1;

/** Why the watchdog cannot work here. Undefined if it can. */
export function watchdogUnavailable() {
  try {
    readFileSync(`/proc/self/task/${process.pid}/schedstat`);
    return undefined;
  } catch {
    return "this system does not report a thread's processor time (/proc/PID/schedstat)";
  }
}

/**
 * Watches the main thread from a worker. It measures the processor time of the main thread between
 * two beats of a timer, so a busy machine that does not schedule the process causes no reports.
 */
export class LoopWatchdog {
  #shared = new Int32Array(new SharedArrayBuffer(8));
  #worker;
  #beat;

  /** @param {string} [reportFile] file for each report as a line of JSON: it survives a killed process */
  constructor(reportFile) {
    this.#worker = new Worker(new URL("watchdog-worker.mjs", import.meta.url), {
      workerData: { shared: this.#shared, limitMs, pid: process.pid, reportFile },
      // The worker must not inherit options of the process, such as --expose-gc or --import.
      execArgv: [],
    });
    this.#worker.unref();
    this.#beat = setInterval(() => Atomics.add(this.#shared, BEATS, 1), beatMs);
    this.#beat.unref();
  }

  /**
   * Returns the reports and the peak memory since the last call.
   * @returns {Promise<{reports: string[], peakResidentBytes: number}>} `reports` has one text per turn
   *   over the limit: its time and, if the worker could read it, its stack
   */
  async take() {
    // The current turn must end first.
    await new Promise((resolve) => setTimeout(resolve, beatMs + 1));
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => port1.once("message", resolve));
    this.#worker.postMessage({ port: port2 }, [port2]);
    const taken = await answer;
    port1.close();
    return taken;
  }

  /** Starts an exemption, during which the test's own work may hold the loop. */
  beginExemption() {
    Atomics.add(this.#shared, EXEMPT, 1);
  }

  endExemption() {
    // The turn that did the work ends with this beat.
    Atomics.add(this.#shared, BEATS, 1);
    Atomics.sub(this.#shared, EXEMPT, 1);
  }
}
