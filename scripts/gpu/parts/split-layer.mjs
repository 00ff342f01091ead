/** Measures one stream of the largest model over several GPUs. Each GPU has some of the layers. */
import { requireSeveralGpus, runBench, runPart } from "../part.mjs";

await runPart("split-layer", async (options) => {
  requireSeveralGpus(options);
  const flags = ["--split-mode", "layer"];
  await runBench("split-layer", ["decode", "prefill"], options.models.slice(-1), options, flags);
});
