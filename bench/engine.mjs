/** An engine that runs in its own process, as its parent sees it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Failure } from "../scripts/project.mjs";

/** @typedef {{ modelPath: string, threads: number, gpuLayers: number | "auto", contextSize: number, parallel: number }} LoadOptions */

const HOST = fileURLToPath(new URL("engine-host.mjs", import.meta.url));
const MINUTE = 60_000;
const CLOSE_MS = 10_000;

/** Time limit of a call: several times the time of the slowest peer, so a longer call hangs. */
function patienceMs(modelPath) {
  return (10 + 10 * (statSync(modelPath).size / 1e9)) * MINUTE;
}

/**
 * An engine under test: one peer with one set of options, in its own process.
 *
 * The parent sends `{ id, method, params, watch }` as JSON. The child answers `{ id, result, eventLoop }` or
 * `{ id, error }`. A call over its time limit ends the process, and all later calls fail.
 */
export class Engine {
  #peer;
  #options;
  #callMs;
  #child;
  /** @type {Map<number, { resolve(reply: object): void, reject(error: Error): void, timer: NodeJS.Timeout }>} */
  #pending = new Map();
  #nextId = 0;
  /** The last 2,000 characters of the process's standard error. */
  #stderrEnd = "";
  /** Reason why the engine takes no more calls. Empty while it takes calls. */
  #end = "";
  #exited;

  /**
   * @param {string} peer name of a file in bench/peers
   * @param {LoadOptions} options
   * @param {number} callMs time limit of a call
   */
  constructor(peer, options, callMs = patienceMs(options.modelPath)) {
    this.#peer = peer;
    this.#options = options;
    this.#callMs = callMs;
    // A process group of its own, so that a peer's servers and programs end with it.
    this.#child = fork(HOST, [peer], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      detached: true,
    });
    this.#child.stderr?.on("data", (data) => {
      this.#stderrEnd = (this.#stderrEnd + data).slice(-2000);
    });
    this.#child.on("message", (/** @type {any} */ reply) => this.#settle(reply));
    this.#exited = once(this.#child, "exit");
    this.#child.on("exit", (code, signal) => {
      this.#fail(`ended with ${signal ?? `exit code ${code}`}\n${this.#stderrEnd}`.trim());
    });
  }

  /** Loads the model. Other calls need a loaded model. */
  async load() {
    try {
      await this.call("load", this.#options);
    } catch (error) {
      this.#kill("did not load");
      throw error;
    }
  }

  /** Calls a method of the peer's engine. */
  async call(method, params) {
    return (await this.#request({ method, params }, this.#callMs)).result;
  }

  /** Calls a method and measures the process's event loop during the call. */
  watch(method, params) {
    return this.#request({ method, params, watch: true }, this.#callMs);
  }

  /** Closes the engine and waits until its process has ended. */
  async close() {
    await this.#request({ method: "close" }, CLOSE_MS).catch(() => {});
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.#kill("did not end"), CLOSE_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  #request(message, timeoutMs) {
    if (this.#end) return Promise.reject(new Failure(`${this.#peer}: ${this.#end}`));
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      const late = `${message.method} took longer than ${Math.round(timeoutMs / 1000)} s`;
      const timer = setTimeout(() => this.#kill(late), timeoutMs);
      this.#pending.set(id, { resolve, reject, timer });
      this.#child.send({ id, ...message });
    });
  }

  /** @param {{ id: number, error?: string, result?: unknown, eventLoop?: object }} reply */
  #settle({ id, error, ...reply }) {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#pending.delete(id);
    clearTimeout(pending.timer);
    if (error) pending.reject(new Failure(`${this.#peer}: ${error}`));
    else pending.resolve(reply);
  }

  /** Fails all current and later calls. The first reason stays. */
  #fail(reason) {
    this.#end ||= reason;
    for (const id of this.#pending.keys()) this.#settle({ id, error: this.#end });
  }

  /** Kills the process and all processes that it started. */
  #kill(reason) {
    this.#fail(reason);
    try {
      if (this.#child.pid) process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      this.#child.kill("SIGKILL"); // the system has no process groups, or the group has ended
    }
  }
}
