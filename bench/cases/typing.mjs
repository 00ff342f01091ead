import { samePlan } from "../comparison.mjs";
import { sourceFile } from "../source-file.mjs";
import { median, percentile } from "../statistics.mjs";

const FUNCTIONS = 30;
const KEYSTROKES = 200;
const NEW_TOKENS = 24;
const TYPED = `def total_size(records, limit):
    """Return the size of all records below the limit."""
    total = 0
    for record in records:
        if record.size < limit:
            total += record.size
    return total


def mean_size(records):
    return total_size(records, 1000) / len(records)
`;

export const summary = `An infill at each of ${KEYSTROKES} keystrokes in a file of about 1,500 tokens (${NEW_TOKENS} new tokens); each keystroke cancels the last infill`;
export const peers = ["node-codellama", "llama-server", "node-llama-cpp"];

function keystrokes(seed) {
  const file = sourceFile(FUNCTIONS, seed);
  const middle = file.indexOf("def ", file.length / 2);
  return Array.from({ length: KEYSTROKES }, (_, count) => ({
    prefix: file.slice(0, middle) + TYPED.slice(0, count + 1),
    suffix: `\n\n${file.slice(middle)}`,
  }));
}

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ models, peers, compute, gpu, repetitions, contest }) {
  // A model of random weights does not end its infills, and 200 prompts of 1,500 tokens take peers an hour on a CPU.
  for (const model of models.filter(({ name }) => gpu || name === "codellama-tiny")) {
    const options = { modelPath: model.path, ...compute, contextSize: 2048, parallel: 1 };
    const times = await contest.withEngines(samePlan(peers, options), (engines) =>
      contest.interleave(`typing · ${model.name}`, peers, repetitions, (peer, repetition) =>
        engines[peer].call("type", { edits: keystrokes(repetition), maxTokens: NEW_TOKENS }),
      ),
    );
    const samplesOf = (measure) =>
      Object.fromEntries(peers.map((peer) => [peer, times[peer].map(measure)]));
    const common = { subject: model.name, unit: "ms", better: "lower" };
    yield* [
      {
        ...common,
        measure: "first token, median",
        samples: samplesOf(median),
        targets: { "llama-server": 0.5, "node-llama-cpp": 0.2 },
      },
      {
        ...common,
        measure: "first token, nine of ten",
        samples: samplesOf((each) => percentile(each, 0.9)),
      },
    ];
  }
}
