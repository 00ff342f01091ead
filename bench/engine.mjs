/** The parent's side of an engine that runs in a process of its own. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Failure } from "../scripts/project.mjs";

/** @typedef {{ modelPath: string, threads: number, contextSize: number, parallel: number }} LoadOptions */

const HOST = fileURLToPath(new URL("engine-host.mjs", import.meta.url));

/**
 * An engine under test: one peer with one set of options, in its own process.
 *
 * Messages go as JSON: `{ id, method, params, watch }` down, `{ id, result, eventLoop }` or
 * `{ id, error }` up.
 */
export class Engine {
  #peer;
  #child;
  #pending = new Map();
  #nextId = 0;
  /** The end of what the process wrote to its standard error. */
  #complaints = "";
  /** Why the process ended, once it has. */
  #end = null;

  /** @param {string} peer name of a file in bench/peers */
  constructor(peer) {
    this.#peer = peer;
    this.#child = fork(HOST, [peer], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.#child.stderr.on("data", (data) => {
      this.#complaints = (this.#complaints + data).slice(-2000);
    });
    this.#child.on("message", (reply) => this.#settle(reply));
    this.#child.on("exit", (code, signal) => {
      this.#end = `ended with ${signal ?? `exit code ${code}`}\n${this.#complaints}`.trim();
      for (const id of this.#pending.keys()) this.#settle({ id, error: this.#end });
    });
  }

  /** Calls a method of the peer's engine. */
  async call(method, params) {
    return (await this.#request({ method, params })).result;
  }

  /** Calls a method and also tells how the process's event loop fared meanwhile. */
  watch(method, params) {
    return this.#request({ method, params, watch: true });
  }

  /** Closes the engine and waits until its process has ended. */
  async close() {
    if (this.#end) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    await this.call("close");
    this.#child.disconnect();
    await ended;
  }

  /** Ends the process at once. */
  kill() {
    this.#child.kill("SIGKILL");
  }

  #request(message) {
    if (this.#end) throw new Failure(`${this.#peer}: ${this.#end}`);
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      this.#child.send({ id, ...message });
    });
  }

  #settle({ id, error, ...reply }) {
    const { resolve, reject } = this.#pending.get(id);
    this.#pending.delete(id);
    if (error) reject(new Failure(`${this.#peer}: ${error}`));
    else resolve(reply);
  }
}

/**
 * Starts a peer in its own process and loads a model in it.
 *
 * @param {string} peer
 * @param {LoadOptions} options
 */
export async function startEngine(peer, options) {
  const engine = new Engine(peer);
  try {
    await engine.call("load", options);
    return engine;
  } catch (error) {
    engine.kill();
    throw error;
  }
}
