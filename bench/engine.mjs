/** The parent's side of an engine that runs in a process of its own. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Failure } from "../scripts/project.mjs";

/** @typedef {{ modelPath: string, threads: number, gpuLayers: number | "auto", contextSize: number, parallel: number }} LoadOptions */

const HOST = fileURLToPath(new URL("engine-host.mjs", import.meta.url));
const MINUTE = 60_000;
const CLOSE_MS = 10_000;

/** For one call: several times what the slowest peer takes on a busy machine, so beyond it is a hang. */
function patienceMs(modelPath) {
  return (10 + 10 * (statSync(modelPath).size / 1e9)) * MINUTE;
}

/**
 * An engine under test: one peer with one set of options, in its own process.
 *
 * Messages go as JSON: `{ id, method, params, watch }` down, `{ id, result, eventLoop }` or
 * `{ id, error }` up. A call that takes too long ends the process; all later ones fail.
 */
export class Engine {
  #peer;
  #options;
  #callMs;
  #child;
  /** @type {Map<number, { resolve(reply: object): void, reject(error: Error): void, timer: NodeJS.Timeout }>} */
  #pending = new Map();
  #nextId = 0;
  /** The end of what the process wrote to its standard error. */
  #complaints = "";
  /** Why it takes no more calls, once it does not. */
  #end = "";
  #exited;

  /**
   * @param {string} peer name of a file in bench/peers
   * @param {LoadOptions} options
   * @param {number} callMs how long a call may take
   */
  constructor(peer, options, callMs = patienceMs(options.modelPath)) {
    this.#peer = peer;
    this.#options = options;
    this.#callMs = callMs;
    // A group of its own, so that a peer's servers and programs end with it.
    this.#child = fork(HOST, [peer], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      detached: true,
    });
    this.#child.stderr?.on("data", (data) => {
      this.#complaints = (this.#complaints + data).slice(-2000);
    });
    this.#child.on("message", (/** @type {any} */ reply) => this.#settle(reply));
    this.#exited = once(this.#child, "exit");
    this.#child.on("exit", (code, signal) => {
      this.#fail(`ended with ${signal ?? `exit code ${code}`}\n${this.#complaints}`.trim());
    });
  }

  /** Loads the model; without it the engine takes no calls. */
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

  /** Calls a method and also tells how the process's event loop fared meanwhile. */
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

  /** Fails all calls, now and later; the first reason stands. */
  #fail(reason) {
    this.#end ||= reason;
    for (const id of this.#pending.keys()) this.#settle({ id, error: this.#end });
  }

  /** Ends the process, and those that it started, at once. */
  #kill(reason) {
    this.#fail(reason);
    try {
      if (this.#child.pid) process.kill(-this.#child.pid, "SIGKILL");
    } catch {
      this.#child.kill("SIGKILL"); // where there are no process groups, or none any more
    }
  }
}
