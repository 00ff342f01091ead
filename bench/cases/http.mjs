import { streamRequests, tokensPerSecond } from "./streams.mjs";

const CLIENTS = [1, 8, 32, 128];
const PARALLEL = 16;
const NEW_TOKENS = 64;

export const summary = `Clients that stream over HTTP at once, ${PARALLEL} computed side by side: 64 prompt + ${NEW_TOKENS} new tokens each`;
export const peers = ["node-codellama", "serve", "llama-server"];

/** @param {import("../main.mjs").Bench} bench */
export async function run({ models, compute, repetitions, contest }) {
  const comparisons = [];
  for (const model of models) {
    const options = {
      modelPath: model.path,
      ...compute,
      contextSize: 256 * PARALLEL,
      parallel: PARALLEL,
    };
    const plan = {
      "our serve": { peer: "serve", ...options },
      "llama-server": { peer: "llama-server", ...options },
      "in process": { peer: "node-codellama", ...options },
    };
    const names = Object.keys(plan);
    await contest.withEngines(plan, async (engines) => {
      await contest.each("warm-up", names, (name) =>
        tokensPerSecond(engines[name], streamRequests(1, 4, 999)),
      );
      for (const clients of CLIENTS) {
        const title = `${clients} clients · ${model.name}`;
        const samples = await contest.interleave(title, names, repetitions, (name, repetition) =>
          tokensPerSecond(
            engines[name],
            streamRequests(clients, NEW_TOKENS, repetition + 10 * clients),
          ),
        );
        comparisons.push({
          subject: model.name,
          measure: `${clients} clients`,
          unit: "tokens/s",
          better: "higher",
          targets: { "llama-server": 1 },
          samples,
        });
      }
    });
  }
  return comparisons;
}
