import { randomPrompt } from "../models.mjs";

const GIGABYTE = 1e9;
const PREFILL_TOKENS = 512;
const DECODE_TOKENS = 64;

export const summary =
  "Memory and speed with llama.cpp's second, rearranged copy of the weights (option `repack`)";
export const peers = ["node-codellama"];

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, compute, repetitions, contest }) {
  for (const model of models) {
    const options = { modelPath: model.path, ...compute, contextSize: 1024, parallel: 1 };
    const plan = {
      "repack: true": { peer: "node-codellama", ...options, repack: true },
      "repack: false": { peer: "node-codellama", ...options, repack: false },
    };
    const resident = (name, repetition) =>
      contest.withEngines({ [name]: plan[name] }, async ({ [name]: engine }) => {
        await engine.call("generate", { prompt: randomPrompt(64, repetition), maxTokens: 16 });
        return (await engine.call("memory")).rssBytes / GIGABYTE;
      });
    const title = `repack · ${model.name}`;
    const warmUp = (seed) => ({ prompt: randomPrompt(32, seed), maxTokens: 8 });
    yield* [
      {
        subject: model.name,
        measure: "prefill",
        unit: "tokens/s",
        better: "higher",
        ...(await contest.compareRates(title, plan, repetitions, {
          warmUp,
          request: (seed) => ({ prompt: randomPrompt(PREFILL_TOKENS, seed), maxTokens: 1 }),
          rate: "prefillTokensPerSecond",
        })),
      },
      {
        subject: model.name,
        measure: "decode",
        unit: "tokens/s",
        better: "higher",
        ...(await contest.compareRates(title, plan, repetitions, {
          warmUp,
          request: (seed) => ({ prompt: randomPrompt(64, seed), maxTokens: DECODE_TOKENS }),
          rate: "decodeTokensPerSecond",
        })),
      },
      {
        subject: model.name,
        measure: "resident memory",
        unit: "GB",
        better: "lower",
        samples: await contest.interleave(title, Object.keys(plan), repetitions, resident),
      },
    ];
  }
}
