/** Compares 1, 8, 32 and 128 streams of the first model with llama-server. */
import { requireGpu, runBench, runPart } from "../part.mjs";

await runPart("streams", async (options) => {
  requireGpu(options);
  await runBench("streams", ["streams"], options.models.slice(0, 1), options);
});
