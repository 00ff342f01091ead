import { setTimeout as sleep } from "node:timers/promises";
import { samePlan } from "../comparison.mjs";
import { trainedTokens } from "../model/kv-cache.mjs";
import { randomPrompt } from "../models.mjs";
import { median } from "../statistics.mjs";
import { streamRequests } from "./streams.mjs";

const STREAMS = 8;
const NEW_TOKENS = 400;
const LONG_TOKENS = 4000;
/** Tokens of the context that the long prompt leaves free. */
const SPARE_TOKENS = 96;
/** Delay after which all streams have begun. */
const ARRIVAL_MS = 1000;

export const summary = `${STREAMS} streams, then a prompt of ${LONG_TOKENS} tokens arrives (or of the trained length): the longest later pause of any stream, in its median steps`;
export const peers = ["node-codellama", "llama-server"];

/** The longest time between two steps after a moment, divided by the median of all such times. */
function longestPause(arrivals, since) {
  const gaps = arrivals.slice(1).map((time, at) => ({ time, length: time - arrivals[at] }));
  // Tokens that arrive together belong to one step.
  const steps = gaps.filter(({ length }) => length > 0.05);
  const later = steps.filter(({ time }) => time > since);
  return Math.max(...later.map(({ length }) => length)) / median(steps.map((each) => each.length));
}

async function measure(engine, longTokens, seed) {
  const prompt = randomPrompt(longTokens, 7000 + seed);
  const streams = engine.call("generateMany", streamRequests(STREAMS, NEW_TOKENS, seed));
  await sleep(ARRIVAL_MS);
  const arrival = performance.timeOrigin + performance.now();
  const [results] = await Promise.all([streams, engine.call("generate", { prompt, maxTokens: 1 })]);
  return Math.max(...results.map(({ arrivals }) => longestPause(arrivals, arrival)));
}

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, repetitions, contest }) {
  for (const model of models) {
    if (model.name !== "codellama-tiny") continue; // on the 7B, the prompt alone takes minutes
    const longTokens = Math.min(LONG_TOKENS, trainedTokens(model.path) - SPARE_TOKENS);
    const places = STREAMS + 1;
    const plan = samePlan(peers, {
      modelPath: model.path,
      ...compute,
      parallel: places,
      speculation: false, // all steps then compute one token
    });
    // llama-server divides the context evenly.
    for (const [peer, options] of Object.entries(plan)) {
      const each = peer === "llama-server" ? longTokens + SPARE_TOKENS : 1024;
      options.contextSize = each * places;
    }
    const samples = await contest.withEngines(plan, (engines) =>
      contest.interleave(`fairness · ${model.name}`, peers, repetitions, (peer, repetition) =>
        measure(engines[peer], longTokens, repetition),
      ),
    );
    yield {
      subject: model.name,
      measure: `longest pause beside ${longTokens} tokens`,
      unit: "steps",
      better: "lower",
      samples,
      limit: 3,
    };
  }
}
