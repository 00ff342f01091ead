import { samePlan } from "../comparison.mjs";
import { randomPrompt } from "../models.mjs";

const PROMPT_TOKENS = 64;
const NEW_TOKENS = 256;

export const summary = `One stream, greedy: ${PROMPT_TOKENS} prompt + ${NEW_TOKENS} new tokens`;
export const peers = ["node-codellama", "llama-bench", "node-llama-cpp"];

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, repetitions, contest }) {
  for (const model of models) {
    const options = {
      modelPath: model.path,
      ...compute,
      contextSize: 512,
      parallel: 1,
      speculation: false, // the other engines do not speculate here
    };
    const title = `decode · ${model.name}`;
    const result = await contest.compareRates(title, samePlan(peers, options), repetitions, {
      warmUp: (seed) => ({ prompt: randomPrompt(PROMPT_TOKENS, seed), maxTokens: 8 }),
      request: (seed) => ({ prompt: randomPrompt(PROMPT_TOKENS, seed), maxTokens: NEW_TOKENS }),
      rate: "decodeTokensPerSecond",
    });
    yield {
      subject: model.name,
      measure: "decode",
      unit: "tokens/s",
      better: "higher",
      targets: { "llama-bench": 0.98, "node-llama-cpp": 1 },
      ...result,
    };
  }
}
