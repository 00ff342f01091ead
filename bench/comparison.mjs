/** Runs engines against each other so that they share whatever the machine is doing. */
import { startEngine } from "./engine.mjs";
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

/**
 * Measures each engine once in each repetition, starting with another one each time.
 *
 * @template T
 * @param {string} title for the progress line
 * @param {string[]} names
 * @param {number} repetitions
 * @param {(name: string, repetition: number) => Promise<T>} measure
 * @returns {Promise<Record<string, T[]>>}
 */
export async function interleave(title, names, repetitions, measure) {
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(repetition + turn) % names.length];
      announce(`${title} · ${repetition + 1}/${repetitions} · ${name}`);
      samples[name].push(await measure(name, repetition));
    }
  }
  return samples;
}

/**
 * Starts engines, lets `use` work with them, and closes them whatever happens.
 *
 * @template T
 * @param {Plan} plan
 * @param {(engines: Record<string, import("./engine.mjs").Engine>) => Promise<T>} use
 * @returns {Promise<T>}
 */
export async function withEngines(plan, use) {
  const engines = {};
  try {
    for (const [name, { peer, ...options }] of Object.entries(plan)) {
      announce(`loading ${name}`);
      engines[name] = await startEngine(peer, options);
    }
    return await use(engines);
  } finally {
    for (const engine of Object.values(engines)) await engine.close();
  }
}

/** Gives each peer the same options under its own name. */
export function samePlan(peers, options) {
  return Object.fromEntries(peers.map((peer) => [peer, { peer, ...options }]));
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
export async function compareRates(title, plan, repetitions, { warmUp, request, rate }) {
  const names = Object.keys(plan);
  const results = await withEngines(plan, async (engines) => {
    for (const name of names) await engines[name].call("generate", warmUp(repetitions));
    return interleave(title, names, repetitions, (name, repetition) =>
      engines[name].call("generate", request(repetition)),
    );
  });
  const [ours, ...others] = names;
  const samples = Object.fromEntries(
    names.map((name) => [name, results[name].map((result) => result[rate])]),
  );
  const isSame = (name, at) => `${results[name][at].tokens}` === `${results[ours][at].tokens}`;
  const sameOutput = {};
  for (const name of others) {
    if (!results[name][0].tokens) continue;
    const same = results[name].filter((_, at) => isSame(name, at)).length;
    sameOutput[name] = `${same}/${repetitions}`;
  }
  return { samples, sameOutput };
}
