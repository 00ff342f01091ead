import { samePlan } from "../comparison.mjs";
import { randomPrompt } from "../models.mjs";

const REQUESTS = 32;
const PARALLEL = 8;
const PREFIX_TOKENS = 1000;
const OWN_TOKENS = 32;
const NEW_TOKENS = 16;

export const summary = `${REQUESTS} prompts at once, ${PARALLEL} in parallel, with the same new prefix of ${PREFIX_TOKENS} tokens`;
export const peers = ["node-codellama", "llama-server", "node-llama-cpp"];

function requests(seed) {
  const prefix = randomPrompt(PREFIX_TOKENS, seed);
  return Array.from({ length: REQUESTS }, (_, index) => ({
    prompt: [...prefix, ...randomPrompt(OWN_TOKENS + 1, seed * 1000 + index).slice(1)],
    maxTokens: NEW_TOKENS,
  }));
}

/** Peers without a queue use the queue of the bench. */
async function requestsPerSecond(engine, all) {
  const started = performance.now();
  await engine.call("generateQueued", { requests: all, parallel: PARALLEL });
  return (1000 * all.length) / (performance.now() - started);
}

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, repetitions, contest }) {
  for (const model of models) {
    const contextSize = PARALLEL * 1280;
    const options = { modelPath: model.path, ...compute, contextSize, parallel: PARALLEL };
    const samples = await contest.withEngines(samePlan(peers, options), async (engines) => {
      await contest.each("warm-up", peers, (peer) =>
        engines[peer].call("generate", { prompt: randomPrompt(16, 99), maxTokens: 4 }),
      );
      return contest.interleave(`shared · ${model.name}`, peers, repetitions, (peer, repetition) =>
        requestsPerSecond(engines[peer], requests(repetition + 1)),
      );
    });
    yield {
      subject: model.name,
      measure: "answers",
      unit: "requests/s",
      better: "higher",
      targets: { "llama-server": 1.5 },
      samples,
    };
  }
}
