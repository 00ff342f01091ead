/** Compares keystrokes and edits on the first model with llama-server. */
import { requireGpu, runBench, runPart } from "../part.mjs";

await runPart("typing", async (options) => {
  requireGpu(options);
  await runBench("typing", ["typing", "edit"], options.models.slice(0, 1), options);
});
