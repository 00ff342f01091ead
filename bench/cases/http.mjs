import { median } from "../statistics.mjs";
import { streamRequests, tokensPerSecond } from "./streams.mjs";

const CLIENTS = [1, 8, 32, 128];
const PARALLEL = 16;
const NEW_TOKENS = 64;

export const summary = `Clients that stream over HTTP at once, ${PARALLEL} computed in parallel: 64 prompt + ${NEW_TOKENS} new tokens each`;
export const peers = ["node-codellama", "serve", "llama-server"];

const OURS = "our serve";

/** Total speed of all clients, the time to a first token, and the delay of the server's event loop. */
async function measure(engine, isWatched, clients, repetition) {
  const requests = streamRequests(clients, NEW_TOKENS, repetition + 10 * clients);
  const started = performance.now();
  const answer = await engine.call(isWatched ? "generateWatched" : "generateMany", requests);
  const elapsedMs = performance.now() - started;
  const results = isWatched ? answer.result : answer;
  return {
    tokensPerSecond: (1000 * clients * NEW_TOKENS) / elapsedMs,
    firstTokenMs: median(results.map(({ firstTokenMs }) => firstTokenMs)),
    delayP99Ms: isWatched ? answer.eventLoop.delayP99Ms : undefined,
  };
}

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, repetitions, contest }) {
  for (const model of models) {
    const options = {
      modelPath: model.path,
      ...compute,
      contextSize: 256 * PARALLEL,
      parallel: PARALLEL,
      kvUnified: false, // one part of the KV cache per sequence, as in llama-server with -np
    };
    const plan = {
      [OURS]: { peer: "serve", ...options },
      ...(peers.includes("llama-server") && {
        "llama-server": { peer: "llama-server", ...options },
      }),
      "in process": { peer: "node-codellama", ...options },
    };
    const names = Object.keys(plan);
    for (const clients of CLIENTS) {
      const samples = await contest.withEngines(plan, async (engines) => {
        await contest.each("warm-up", names, (name) =>
          tokensPerSecond(engines[name], streamRequests(1, 4, 999)),
        );
        const title = `${clients} clients · ${model.name}`;
        return contest.interleave(title, names, repetitions, (name, repetition) =>
          measure(engines[name], name === OURS, clients, repetition),
        );
      });
      const samplesOf = (measured, names) =>
        Object.fromEntries(names.map((name) => [name, samples[name].map(measured)]));
      yield {
        subject: model.name,
        measure: `${clients} clients`,
        unit: "tokens/s",
        better: "higher",
        targets: { "llama-server": 1 },
        samples: samplesOf(({ tokensPerSecond }) => tokensPerSecond, names),
      };
      yield {
        subject: model.name,
        measure: `${clients} clients: first token, median`,
        unit: "ms",
        better: "lower",
        samples: samplesOf(({ firstTokenMs }) => firstTokenMs, names),
      };
      yield {
        subject: model.name,
        measure: `${clients} clients: the server's event-loop delay, p99`,
        unit: "ms",
        better: "lower",
        samples: samplesOf(({ delayP99Ms }) => delayP99Ms, [OURS]),
        limit: 10,
      };
    }
  }
}
