/**
 * llama.cpp's llama-bench, compiled from our pin with our flags. It measures llama.cpp alone, without sampling, text
 * and callers.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ALL_LAYERS, buildProgram, programPath } from "../llama-tools.mjs";

const run = promisify(execFile);

/** Compiles llama-bench. */
export async function prepare() {
  await buildProgram("llama-bench");
}

/** Keeps the options. Each measurement runs the program, which loads the model. */
export async function load({ modelPath, threads, gpuLayers, splitMode = "layer" }) {
  const layers = gpuLayers === "auto" ? ALL_LAYERS : gpuLayers;

  async function measure(...test) {
    const device = ["-t", threads, "-ngl", layers, "-sm", splitMode];
    const common = ["-m", modelPath, ...device, "-r", 1, "-o", "json"];
    const { stdout } = await run(programPath("llama-bench"), [...common, ...test].map(String));
    return JSON.parse(stdout).at(-1).avg_ts;
  }

  /** A prompt of 32 tokens runs first, because llama-bench's warm-up would run the whole prompt twice. */
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
