import { execFile } from "node:child_process";
import { promisify } from "node:util";

const runProgram = promisify(execFile);

export const summary = "Importing the library in a fresh process";
export const peers = ["node-codellama", "node-llama-cpp"];
export const usesModels = false;

/** Milliseconds to import a module in a fresh process. */
async function importMs(url) {
  const program = `const start = performance.now();
    await import(${JSON.stringify(url)});
    process.stdout.write(String(performance.now() - start), () => process.exit());`;
  const args = ["--input-type=module", "-e", program];
  const { stdout } = await runProgram(process.execPath, args, { timeout: 60_000 });
  return Number(stdout);
}

/** @param {import("../main.mjs").Bench} bench */
export async function* run({ peers, repetitions, contest }) {
  const entries = {};
  await contest.each("warm-up", peers, async (peer) => {
    ({ entry: entries[peer] } = await import(`../peers/${peer}.mjs`));
    await importMs(entries[peer]); // loads the files into the system's cache
  });
  const samples = await contest.interleave("import", peers, repetitions, (peer) =>
    importMs(entries[peer]),
  );
  yield {
    subject: "fresh process",
    measure: "import",
    unit: "ms",
    better: "lower",
    samples,
    limit: 40,
  };
}
