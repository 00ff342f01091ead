/** Runs schema_bench (bench/native), which compiles schemas and computes masks. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/**
 * Result of one schema.
 *
 * @typedef {object} SchemaResult
 * @property {string} [error] why the schema was not compiled
 * @property {boolean} timedOut the time limit ended the schema
 * @property {number} firstNs compiling and the first mask, nanoseconds
 * @property {number[]} maskNs each measured mask, nanoseconds
 * @property {number} refused valid instances that were refused
 * @property {number} accepted invalid instances that were accepted
 */

export class SchemaProgram {
  #command;
  #limitMs;
  /** @type {{ child: import("node:child_process").ChildProcess, lines: AsyncIterator<string> } | undefined} */
  #running;

  /**
   * @param {string[]} command program and arguments
   * @param {number} limitMs time limit of a schema
   */
  constructor(command, limitMs) {
    this.#command = command;
    this.#limitMs = limitMs;
  }

  /**
   * A crash or the time limit ends the program. The next call starts it again.
   *
   * @param {import("./maskbench-file.mjs").Entry} entry
   * @returns {Promise<SchemaResult>}
   */
  async run({ schema, instances }) {
    this.#running ??= await this.#start();
    const { child, lines } = this.#running;
    const input = [`schema ${schema}`];
    for (const { valid, text } of instances) input.push(`${valid ? "valid" : "invalid"} ${text}`);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill("SIGKILL");
    }, this.#limitMs);
    child.stdin?.write(`${input.join("\n")}\nend\n`);
    const result = await readResult(lines);
    clearTimeout(timer);
    if (result !== undefined) return { ...result, timedOut: false };
    this.#running = undefined;
    const error = timedOut ? `no result after ${this.#limitMs} ms` : "the program crashed";
    return { error, timedOut, firstNs: 0, maskNs: [], refused: 0, accepted: 0 };
  }

  close() {
    this.#running?.child.stdin?.end();
  }

  async #start() {
    const [program, ...args] = this.#command;
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"] });
    await once(child, "spawn");
    // A crash closes the pipe. The missing result reports it.
    child.stdin.on("error", () => {});
    return { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
  }
}

/** The result of one schema. Undefined if the output ends before. */
async function readResult(lines) {
  const result = { firstNs: 0, maskNs: [], refused: 0, accepted: 0 };
  for (;;) {
    const { value, done } = await lines.next();
    if (done) return undefined;
    const [word, rest] = value.split(/ (.*)/s);
    if (word === "end") return result;
    if (word === "error") Object.assign(result, { error: rest });
    const numbers = (rest ?? "").split(" ").filter(Boolean).map(Number);
    if (word === "first") [result.firstNs] = numbers;
    if (word === "masks") result.maskNs = numbers;
    if (word === "wrong") [result.refused, result.accepted] = numbers;
  }
}
