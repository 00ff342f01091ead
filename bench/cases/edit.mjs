import { randomPrompt } from "../models.mjs";

const BLOCK_TOKENS = 60;
const NEW_TOKENS = 300;

export const summary = `Text that repeats its prompt, like an edited function: ${NEW_TOKENS} new tokens, greedy`;
export const peers = ["node-codellama", "llama-server"];

/** Any trained model continues a block that the prompt repeats three times. */
function repeatingPrompt(seed) {
  const block = randomPrompt(BLOCK_TOKENS, seed).slice(1);
  return [1, ...block, ...block, ...block, ...block];
}

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, gpu, repetitions, contest }) {
  for (const model of models.filter(({ name }) => gpu || name === "codellama-tiny")) {
    const options = { modelPath: model.path, ...compute, contextSize: 1024, parallel: 1 };
    const plan = {
      "node-codellama": { peer: "node-codellama", ...options },
      "without speculation": { peer: "node-codellama", ...options, speculation: false },
      ...(peers.includes("llama-server") && {
        "llama-server, n-grams": { peer: "llama-server", ...options, speculation: "ngram" },
      }),
    };
    const title = `edit · ${model.name}`;
    yield {
      subject: model.name,
      measure: "decode",
      unit: "tokens/s",
      better: "higher",
      targets: { "without speculation": 2, "llama-server, n-grams": 1.1 },
      ...(await contest.compareRates(title, plan, repetitions, {
        warmUp: (seed) => ({ prompt: repeatingPrompt(seed), maxTokens: 16 }),
        request: (seed) => ({ prompt: repeatingPrompt(seed), maxTokens: NEW_TOKENS }),
        rate: "decodeTokensPerSecond",
      })),
    };
  }
}
