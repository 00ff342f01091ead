/**
 * llama.cpp's own llama-bench, compiled from our pin with our flags: what the engine below us can
 * do when nothing is sampled, made into text or handed to anybody.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { buildProgram, programPath } from "../llama-tools.mjs";

const run = promisify(execFile);

/** Compiles it. */
export async function prepare() {
  await buildProgram("llama-bench");
}

/** Holds the options; each measurement is a run of the program, which loads the model by itself. */
export async function load({ modelPath, threads }) {
  async function measure(...test) {
    const common = ["-m", modelPath, "-t", threads, "-ngl", 0, "-r", 1, "-o", "json"];
    const { stdout } = await run(programPath("llama-bench"), [...common, ...test].map(String));
    return JSON.parse(stdout)[0].avg_ts;
  }

  return {
    async generate({ prompt, maxTokens }) {
      const isPrefill = maxTokens <= 1;
      return isPrefill
        ? { prefillTokensPerSecond: await measure("-p", prompt.length, "-n", 0) }
        : { decodeTokensPerSecond: await measure("-p", 0, "-n", maxTokens, "-d", prompt.length) };
    },
    async close() {},
  };
}
