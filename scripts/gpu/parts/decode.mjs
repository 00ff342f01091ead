/** Compares one stream of each model with llama-bench: decode and prefill. */
import { requireGpu, runBench, runPart } from "../part.mjs";

await runPart("decode", async (options) => {
  requireGpu(options);
  await runBench("decode", ["decode", "prefill"], options.models, options);
});
