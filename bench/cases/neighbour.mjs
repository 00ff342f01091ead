import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { samePlan } from "../comparison.mjs";
import { streamRequests, tokensPerSecond } from "./streams.mjs";

const COUNTS = [1, 8];
const NEW_TOKENS = 96;

export const summary =
  "Streams while another process keeps every processor busy: the share of the speed without it";
export const peers = ["node-codellama", "llama-server", "node-llama-cpp"];

/** Keeps every processor busy until `stop` is called, at most for ten minutes. */
function startNeighbour() {
  const program = "for (const end = Date.now() + 600_000; Date.now() < end; );";
  const processes = Array.from({ length: availableParallelism() }, () =>
    spawn(process.execPath, ["-e", program], { stdio: "ignore" }),
  );
  return { stop: () => processes.forEach((each) => void each.kill("SIGKILL")) };
}

async function shareWithNeighbour(engine, count, seed) {
  const alone = await tokensPerSecond(engine, streamRequests(count, NEW_TOKENS, seed));
  const neighbour = startNeighbour();
  try {
    const beside = await tokensPerSecond(engine, streamRequests(count, NEW_TOKENS, seed + 500));
    return beside / alone;
  } finally {
    neighbour.stop();
  }
}

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, repetitions, contest }) {
  for (const model of models.filter(({ name }) => name === "codellama-tiny")) {
    for (const count of COUNTS) {
      const options = {
        modelPath: model.path,
        ...compute,
        contextSize: 256 * count,
        parallel: count,
        speculation: false, // its gain does not depend on the neighbour
      };
      const samples = await contest.withEngines(samePlan(peers, options), async (engines) => {
        await contest.each("warm-up", peers, (peer) =>
          tokensPerSecond(engines[peer], streamRequests(1, 4, 999)),
        );
        const title = `neighbour, ${count} streams · ${model.name}`;
        return contest.interleave(title, peers, repetitions, (peer, repetition) =>
          shareWithNeighbour(engines[peer], count, repetition),
        );
      });
      yield {
        subject: model.name,
        measure: `${count} ${count === 1 ? "stream" : "streams"}`,
        unit: "share",
        better: "higher",
        samples,
        floor: 0.4,
      };
    }
  }
}
