import { samePlan } from "../comparison.mjs";
import { randomPrompt } from "../models.mjs";

export const summary = "A prompt of 2,048 tokens (codellama-tiny: 1,900)";
export const peers = ["node-codellama", "llama-bench", "node-llama-cpp"];

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, repetitions, contest }) {
  for (const { name, path, prefillTokens } of models) {
    // Space for the prompt and the one new token.
    const contextSize = 256 * Math.ceil((prefillTokens + 1) / 256);
    const options = { modelPath: path, ...compute, contextSize, parallel: 1 };
    const title = `prefill · ${name}`;
    const result = await contest.compareRates(title, samePlan(peers, options), repetitions, {
      warmUp: (seed) => ({ prompt: randomPrompt(32, seed), maxTokens: 1 }),
      request: (seed) => ({ prompt: randomPrompt(prefillTokens, seed), maxTokens: 1 }),
      rate: "prefillTokensPerSecond",
    });
    yield {
      subject: name,
      measure: "prefill",
      unit: "tokens/s",
      better: "higher",
      targets: { "llama-bench": 0.98, "node-llama-cpp": 1 },
      ...result,
    };
  }
}
