/** Runs engines against each other so that they share whatever the machine is doing. */
import { Engine } from "./engine.mjs";
import { announce } from "./progress.mjs";

/**
 * One measure of several engines.
 *
 * @typedef {object} Comparison
 * @property {string} subject what was run: a model, mostly
 * @property {string} measure such as "decode"
 * @property {string} unit such as "tokens/s"
 * @property {"higher" | "lower"} better
 * @property {Record<string, number[]>} samples by engine; ours is first
 * @property {Record<string, string>} [sameOutput] by engine: how often its tokens were ours
 * @property {Record<string, number>} [targets] the wanted ratio of ours to an engine: at least, or
 *   at most where lower is better
 * @property {number} [limit] the wanted value of ours, at most
 * @property {number} [floor] the wanted value of ours, at least
 */

/** @typedef {Record<string, import("./engine.mjs").LoadOptions & { peer: string }>} Plan by name */

/** Gives each peer the same options under its own name. */
export function samePlan(peers, options) {
  return Object.fromEntries(peers.map((peer) => [peer, { peer, ...options }]));
}

/** The line of an error that says what happened. */
function reason(error) {
  const line = error.message.split("\n")[0];
  return line.length > 300 ? `${line.slice(0, 300)} …` : line;
}

/**
 * Runs the engines of a case. One that fails or hangs is out and is told of, and the others go on;
 * only the first, which is ours, ends the case.
 */
export class Contest {
  #failures = new Set();

  /** The engines that failed, each with what it was at and why. */
  get failures() {
    return [...this.#failures];
  }

  /**
   * Starts engines, lets `use` work with them, and closes them whatever happens.
   *
   * @template T
   * @param {Plan} plan
   * @param {(engines: Record<string, Engine>) => Promise<T>} use
   * @returns {Promise<T>}
   */
  async withEngines(plan, use) {
    /** @type {Record<string, Engine>} */
    const engines = {};
    const names = Object.keys(plan);
    try {
      await this.each("loading", names, async (name) => {
        announce(`loading ${name}`);
        const { peer, ...options } = plan[name];
        engines[name] = new Engine(peer, options);
        await engines[name].load();
      });
      return await use(engines);
    } finally {
      for (const engine of Object.values(engines)) await engine.close();
    }
  }

  /**
   * Runs something for each engine: a warm-up, mostly.
   *
   * @param {string} title what it is, should it fail
   * @param {string[]} names
   * @param {(name: string) => Promise<unknown>} run
   */
  async each(title, names, run) {
    for (const name of names) await this.#attempt(title, name, names, () => run(name));
  }

  /**
   * Measures each engine once in each repetition, starting with another one each time. An engine
   * that fails keeps its samples from before.
   *
   * @template T
   * @param {string} title for the progress line
   * @param {string[]} names
   * @param {number} repetitions
   * @param {(name: string, repetition: number) => Promise<T>} measure
   * @returns {Promise<Record<string, T[]>>}
   */
  async interleave(title, names, repetitions, measure) {
    /** @type {Record<string, T[]>} */
    const samples = Object.fromEntries(names.map((name) => [name, []]));
    const out = new Set();
    for (let repetition = 0; repetition < repetitions; repetition++) {
      for (let turn = 0; turn < names.length; turn++) {
        const name = names[(repetition + turn) % names.length];
        if (out.has(name)) continue;
        announce(`${title} · ${repetition + 1}/${repetitions} · ${name}`);
        const isDone = await this.#attempt(title, name, names, async () => {
          samples[name].push(await measure(name, repetition));
        });
        if (!isDone) out.add(name);
      }
    }
    return samples;
  }

  /**
   * Lets each engine generate from the same prompts, after a warm-up, and compares one of its rates.
   *
   * @param {string} title
   * @param {Plan} plan
   * @param {number} repetitions
   * @param {object} work
   * @param {(seed: number) => { prompt: number[], maxTokens: number }} work.warmUp
   * @param {(seed: number) => { prompt: number[], maxTokens: number }} work.request
   * @param {"prefillTokensPerSecond" | "decodeTokensPerSecond"} work.rate
   * @returns {Promise<Pick<Comparison, "samples" | "sameOutput">>}
   */
  async compareRates(title, plan, repetitions, { warmUp, request, rate }) {
    const names = Object.keys(plan);
    const results = await this.withEngines(plan, async (engines) => {
      await this.each(title, names, (name) => engines[name].call("generate", warmUp(repetitions)));
      return this.interleave(title, names, repetitions, (name, repetition) =>
        engines[name].call("generate", request(repetition)),
      );
    });
    const [ours, ...others] = names;
    const samples = Object.fromEntries(
      names.map((name) => [name, results[name].map((result) => result[rate])]),
    );
    const isSame = (name, at) => `${results[name][at].tokens}` === `${results[ours][at].tokens}`;
    /** @type {Record<string, string>} */
    const sameOutput = {};
    for (const name of others) {
      if (!results[name][0]?.tokens) continue;
      const same = results[name].filter((_, at) => isSame(name, at)).length;
      sameOutput[name] = `${same}/${results[name].length}`;
    }
    return { samples, sameOutput };
  }

  /**
   * @param {string} title
   * @param {string} name
   * @param {string[]} names ours is first
   * @param {() => Promise<unknown>} run
   */
  async #attempt(title, name, [ours], run) {
    try {
      await run();
      return true;
    } catch (error) {
      if (name === ours) throw error;
      this.#failures.add(`${name} (${title}: ${reason(error)})`);
      return false;
    }
  }
}
