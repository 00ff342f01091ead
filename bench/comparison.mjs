/** Runs engines interleaved, so that noise of the machine affects all of them. */
import { Engine } from "./engine.mjs";
import { announce } from "./progress.mjs";

/**
 * One measure of several engines.
 *
 * @typedef {object} Comparison
 * @property {string} subject usually the name of a model
 * @property {string} measure such as "decode"
 * @property {string} unit such as "tokens/s"
 * @property {"higher" | "lower"} better
 * @property {Record<string, number[]>} samples by engine; ours is first
 * @property {Record<string, string>} [sameOutput] by engine: how many answers had the same tokens as ours
 * @property {Record<string, number>} [targets] target of our value divided by an engine's: a
 *   minimum, or a maximum if lower is better
 * @property {number} [limit] maximum target of our value
 * @property {number} [floor] minimum target of our value
 */

/** @typedef {Record<string, import("./engine.mjs").LoadOptions & { peer: string }>} Plan options and peer of each engine, by the engine's name */

/** A plan with one engine per peer, all with the same options. */
export function samePlan(peers, options) {
  return Object.fromEntries(peers.map((peer) => [peer, { peer, ...options }]));
}

/** First line of an error, at most 300 characters. */
function reason(error) {
  const line = error.message.split("\n")[0];
  return line.length > 300 ? `${line.slice(0, 300)} …` : line;
}

/**
 * Runs the engines of a case. An engine that fails or hangs leaves the case, is reported, and the others
 * continue. If our engine, which is the first, fails, the case ends.
 */
export class Contest {
  #failures = new Set();

  /** The engines that failed, each with the measurement and the reason. */
  get failures() {
    return [...this.#failures];
  }

  /**
   * Starts engines, calls `use` with them, and always closes them.
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
   * Runs a function for each engine, usually a warm-up.
   *
   * @param {string} title name for the report of a failure
   * @param {string[]} names
   * @param {(name: string) => Promise<unknown>} run
   */
  async each(title, names, run) {
    for (const name of names) await this.#attempt(title, name, names, () => run(name));
  }

  /**
   * Measures each engine once per repetition. Each repetition starts with another engine. An engine that
   * fails keeps its earlier samples.
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
   * Generates from the same prompts with each engine, after a warm-up, and compares one rate.
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
