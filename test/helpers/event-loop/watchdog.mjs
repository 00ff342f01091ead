// Finds turns of the event loop that hold the main thread, and the memory of the process. JavaScript, because children of the
// tests load it without a compiler.
import { readFileSync } from "node:fs";
import { MessageChannel, Worker } from "node:worker_threads";

/** Processor time that one turn of the event loop may take. */
export const limitMs = 50;

const beatMs = 5;

/** Indices into the shared memory. */
export const BEATS = 0;
export const EXEMPT = 1;

/** Why the watchdog cannot work here, or undefined. */
export function watchdogUnavailable() {
  try {
    readFileSync(`/proc/self/task/${process.pid}/schedstat`);
    return undefined;
  } catch {
    return "this system does not tell the processor time of a thread (/proc/PID/schedstat)";
  }
}

/**
 * Watches the main thread from a worker. What counts is the processor time of the main thread
 * between two beats of a timer, so a machine that gives the process no time changes nothing.
 */
export class LoopWatchdog {
  #shared = new Int32Array(new SharedArrayBuffer(8));
  #worker;
  #beat;

  /** @param {string} [reportFile] gets each report as a line of JSON, for a process that may be killed */
  constructor(reportFile) {
    this.#worker = new Worker(new URL("watchdog-worker.mjs", import.meta.url), {
      workerData: { shared: this.#shared, limitMs, pid: process.pid, reportFile },
      // Options of the watched process, such as --expose-gc or --import, are not for the worker.
      execArgv: [],
    });
    this.#worker.unref();
    this.#beat = setInterval(() => Atomics.add(this.#shared, BEATS, 1), beatMs);
    this.#beat.unref();
  }

  /**
   * What happened since the last call.
   * @returns {Promise<{reports: string[], peakResidentBytes: number}>} `reports` has a text for each
   *   turn over the limit: its time and, where it could be had, its stack
   */
  async take() {
    // The turn that is being looked at must end first.
    await new Promise((resolve) => setTimeout(resolve, beatMs + 1));
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise((resolve) => port1.once("message", resolve));
    this.#worker.postMessage({ port: port2 }, [port2]);
    const taken = await answer;
    port1.close();
    return taken;
  }

  /** Between begin and end the loop may be held: for a test's own work, never the library's. */
  beginExemption() {
    Atomics.add(this.#shared, EXEMPT, 1);
  }

  endExemption() {
    // The turn that did the work ends with this beat.
    Atomics.add(this.#shared, BEATS, 1);
    Atomics.sub(this.#shared, EXEMPT, 1);
  }
}
