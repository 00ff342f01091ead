/** Measures Hugging Face transformers on the 7B's shape in bfloat16, for comparison. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findProgram } from "../../command.mjs";
import { Failure } from "../../project.mjs";
import { requireGpu, runPart, Skip } from "../part.mjs";

const STREAMS = [1, 8, 32, 128];
const PROGRAM = join(import.meta.dirname, "../transformers_generate.py");

await runPart("transformers", async (options, save) => {
  requireGpu({ ...options, dryRun: false });
  if (!findProgram("python3")) throw new Skip("python3 is not on PATH");
  /** @type {Record<string, number[]>} */
  const samples = Object.fromEntries(STREAMS.map((streams) => [streams, []]));
  const args = [PROGRAM, options.repetitions, ...STREAMS].map(String);
  const child = spawn("python3", args, { stdio: ["ignore", "pipe", "inherit"] });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const { streams, tokensPerSecond } = JSON.parse(line);
    samples[streams].push(tokensPerSecond);
    save({ samples });
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Failure(`${PROGRAM} ended with exit code ${code}.`);
});
