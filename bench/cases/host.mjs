import { samePlan } from "../comparison.mjs";
import { randomPrompt } from "../models.mjs";

const STREAMS = 16;
const PROMPT_TOKENS = 64;
const NEW_TOKENS = 128;
const CONTEXT_TOKENS = 256;

export const summary = `The main thread during ${STREAMS} concurrent streams`;
export const peers = ["node-codellama", "node-llama-cpp"];

function requests(maxTokens, seed) {
  return Array.from({ length: STREAMS }, (_, stream) => ({
    prompt: randomPrompt(PROMPT_TOKENS, seed * STREAMS + stream),
    maxTokens,
  }));
}

/** Processor time of the main thread at 1,000 tokens/s, as a share of one core. */
function cpuShare({ eventLoop }) {
  const tokensPerMs = (STREAMS * NEW_TOKENS) / eventLoop.elapsedMs;
  return (100 * eventLoop.mainThreadCpuMs) / eventLoop.elapsedMs / tokensPerMs;
}

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, repetitions, contest }) {
  for (const model of models) {
    const contextSize = STREAMS * CONTEXT_TOKENS;
    const options = {
      modelPath: model.path,
      ...compute,
      contextSize,
      parallel: STREAMS,
      speculation: false, // a step is then one token, as in the peer
    };
    const watched = await contest.withEngines(samePlan(peers, options), async (engines) => {
      await contest.each("warm-up", peers, (peer) =>
        engines[peer].call("generateMany", requests(8, repetitions)),
      );
      return contest.interleave(`host · ${model.name}`, peers, repetitions, (peer, repetition) =>
        engines[peer].watch("generateMany", requests(NEW_TOKENS, repetition)),
      );
    });
    const samplesOf = (measure) =>
      Object.fromEntries(peers.map((peer) => [peer, watched[peer].map(measure)]));
    const common = { subject: model.name, better: "lower" };
    yield* [
      {
        ...common,
        measure: "event-loop delay, p99",
        unit: "ms",
        samples: samplesOf(({ eventLoop }) => eventLoop.delayP99Ms),
        limit: 5,
      },
      {
        ...common,
        measure: "main-thread CPU at 1,000 tokens/s",
        unit: "% of a core",
        samples: samplesOf(cpuShare),
        limit: 5,
      },
    ];
  }
}
