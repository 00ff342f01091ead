/** The parent's side of an engine that runs in a process of its own. */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const HOST = fileURLToPath(new URL("engine-host.mjs", import.meta.url));

/**
 * An engine under test: one peer with one set of options, in its own process.
 *
 * Messages go as JSON: `{ id, method, params, watch }` down, `{ id, result, eventLoop }` or
 * `{ id, error }` up.
 */
class Engine {
  #child;
  #pending = new Map();
  #nextId = 0;
  #complaints = "";

  constructor(peer) {
    this.#child = fork(HOST, [peer], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.#child.stderr.on("data", (data) => {
      this.#complaints = (this.#complaints + data).slice(-2000);
    });
    this.#child.on("message", ({ id, error, ...reply }) => {
      const { resolve, reject } = this.#pending.get(id);
      this.#pending.delete(id);
      if (error) reject(new Error(`${peer}: ${error}`));
      else resolve(reply);
    });
    this.#child.on("exit", (code, signal) => {
      const reason = `${peer} ended (${signal ?? `exit code ${code}`})\n${this.#complaints}`;
      for (const { reject } of this.#pending.values()) reject(new Error(reason.trim()));
    });
  }

  #request(message) {
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#pending.set(id, { resolve, reject });
      this.#child.send({ id, ...message });
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
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    await this.call("close");
    this.#child.disconnect();
    await ended;
  }
}

/**
 * Starts a peer in its own process and loads a model in it.
 *
 * @param {string} peer name of a file in bench/peers
 * @param {{ modelPath: string, threads: number, contextSize: number, parallel: number }} options
 * @returns {Promise<Engine>}
 */
export async function startEngine(peer, options) {
  const engine = new Engine(peer);
  await engine.call("load", options);
  return engine;
}
