/** @fugood/llama.node with its prebuilt binary, from npm. */
import { createRequire } from "node:module";
import { GenerationClock } from "../generation-clock.mjs";
import { installPeer } from "./install.mjs";

// `prepare` installs it, so the type checker cannot see it.
const PACKAGE = "@fugood/llama.node";
const require = createRequire(import.meta.url);

/** Installs the package and the binary for this machine. */
export async function prepare() {
  await installPeer(PACKAGE, `@fugood/node-llama-${process.platform}-${process.arch}`);
}

/** Loads a model; `options` are those of {@link import("../engine.mjs").Engine}. */
export async function load({ modelPath, threads, contextSize, parallel }) {
  const { loadModel } = require(PACKAGE);
  const context = await loadModel({
    model: modelPath,
    n_ctx: contextSize,
    n_threads: threads,
    n_parallel: parallel,
    n_gpu_layers: 0,
  });
  await context.parallel.enable({ n_parallel: parallel, n_batch: 512 });

  /** The library takes only texts. This text has about the same number of tokens. */
  async function generate({ prompt, maxTokens }) {
    const text = await context.detokenize(prompt.slice(1));
    const clock = new GenerationClock();
    const { promise } = await context.parallel.completion(
      { prompt: text, n_predict: maxTokens, temperature: 0, ignore_eos: true },
      (_, { token }) => {
        if (token !== undefined) clock.arrived();
      },
    );
    await promise;
    return clock.result({ promptTokens: prompt.length });
  }

  return {
    generate,
    generateMany: (requests) => Promise.all(requests.map(generate)),
    close: () => context.release(),
  };
}
