import { statSync } from "node:fs";
import { samePlan } from "../comparison.mjs";
import { kvCacheBytes } from "../model/kv-cache.mjs";
import { randomPrompt } from "../models.mjs";

const CONTEXT_TOKENS = 2048;
const MEGABYTE = 1e6;

export const summary =
  "Resident memory after loading and one generation, above the model file and the KV cache";
export const peers = ["node-codellama", "node-llama-cpp"];

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, repetitions, contest }) {
  for (const model of models) {
    const options = { modelPath: model.path, ...compute, contextSize: CONTEXT_TOKENS, parallel: 1 };
    const plan = samePlan(peers, options);
    plan["node-codellama, repack: false"] = { peer: "node-codellama", ...options, repack: false };
    const accounted = statSync(model.path).size + kvCacheBytes(model.path, CONTEXT_TOKENS);
    const measure = (name, repetition) =>
      contest.withEngines({ [name]: plan[name] }, async ({ [name]: engine }) => {
        const prompt = randomPrompt(64, repetition);
        await engine.call("generate", { prompt, maxTokens: 16 });
        const { rssBytes } = await engine.call("memory");
        return (rssBytes - accounted) / MEGABYTE;
      });
    const title = `memory · ${model.name}`;
    yield {
      subject: model.name,
      measure: "resident above model and KV cache",
      unit: "MB",
      better: "lower",
      samples: await contest.interleave(title, Object.keys(plan), repetitions, measure),
      limit: 150,
    };
  }
}
