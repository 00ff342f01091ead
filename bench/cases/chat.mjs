import { samePlan } from "../comparison.mjs";
import { randomPrompt } from "../models.mjs";

const TURNS = 10;
const FILE_TOKENS = 1500;
const QUESTION_TOKENS = 24;
const ANSWER_TOKENS = 24;

export const summary = `${TURNS} turns about a file of ${FILE_TOKENS} tokens: time to the first token of the last answer`;
export const peers = ["node-codellama", "llama-server", "node-llama-cpp"];

/** Runs a conversation. Returns milliseconds to the first token of each answer. */
async function converse(engine, seed) {
  let prompt = randomPrompt(FILE_TOKENS, seed);
  const times = [];
  for (let turn = 0; turn < TURNS; turn++) {
    prompt = [...prompt, ...randomPrompt(QUESTION_TOKENS, seed * 100 + turn).slice(1)];
    const request = { prompt, maxTokens: ANSWER_TOKENS };
    const { firstTokenMs, tokens } = await engine.call("generate", request);
    times.push(firstTokenMs);
    prompt = [...prompt, ...tokens];
  }
  return { last: times.at(-1), length: prompt.length };
}

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, repetitions, contest }) {
  for (const model of models) {
    const options = { modelPath: model.path, ...compute, contextSize: 2560, parallel: 1 };
    const results = await contest.withEngines(samePlan(peers, options), async (engines) =>
      contest.interleave(`chat · ${model.name}`, peers, repetitions, async (peer, repetition) => {
        const { last, length } = await converse(engines[peer], repetition + 1);
        // A prompt of the same length that shares no prefix.
        const prompt = randomPrompt(length, 5000 + repetition);
        const cold = await engines[peer].call("generate", { prompt, maxTokens: 1 });
        return { last, share: last / cold.firstTokenMs };
      }),
    );
    const samplesOf = (name) =>
      Object.fromEntries(peers.map((peer) => [peer, results[peer].map((each) => each[name])]));
    const common = { subject: model.name, better: "lower" };
    yield* [
      {
        ...common,
        measure: `first token of answer ${TURNS}`,
        unit: "ms",
        samples: samplesOf("last"),
        targets: { "node-llama-cpp": 0.8 },
      },
      {
        ...common,
        measure: "the same, as a share of a cold prompt's time",
        unit: "share",
        samples: samplesOf("share"),
        limit: 0.15,
      },
    ];
  }
}
