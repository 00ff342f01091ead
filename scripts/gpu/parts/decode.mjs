/** One stream of each model against llama-bench: tokens out, tokens in. */
import { requireGpu, runBench, runPart } from "../part.mjs";

await runPart("decode", async (options) => {
  requireGpu(options);
  await runBench("decode", ["decode", "prefill"], options.models, options);
});
