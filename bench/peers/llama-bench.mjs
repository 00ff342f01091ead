/**
 * llama.cpp's own llama-bench, compiled from our pin with our flags: what the engine below us can
 * do when nothing is sampled, made into text or handed to anybody.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ALL_LAYERS, buildProgram, programPath } from "../llama-tools.mjs";

const run = promisify(execFile);

/** Compiles it. */
export async function prepare() {
  await buildProgram("llama-bench");
}

/** Holds the options; each measurement is a run of the program, which loads the model by itself. */
export async function load({ modelPath, threads, gpuLayers, splitMode = "layer" }) {
  const layers = gpuLayers === "auto" ? ALL_LAYERS : gpuLayers;

  async function measure(...test) {
    const device = ["-t", threads, "-ngl", layers, "-sm", splitMode];
    const common = ["-m", modelPath, ...device, "-r", 1, "-o", "json"];
    const { stdout } = await run(programPath("llama-bench"), [...common, ...test].map(String));
    return JSON.parse(stdout).at(-1).avg_ts;
  }

  /** A prompt of 32 tokens comes first: its own warm-up would run the whole prompt twice. */
  const prefill = (tokens) => measure("-p", `32,${tokens}`, "-n", 0, "--no-warmup");
  const decode = (tokens, depth) => measure("-p", 0, "-n", tokens, "-d", depth);

  return {
    async generate({ prompt, maxTokens }) {
      const isPrefill = maxTokens === 1;
      return isPrefill
        ? { prefillTokensPerSecond: await prefill(prompt.length) }
        : { decodeTokensPerSecond: await decode(maxTokens, prompt.length) };
    },
    async close() {},
  };
}
