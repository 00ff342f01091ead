/** Measures one stream of the largest model over several GPUs. Each GPU has a part of every tensor. */
import { requireSeveralGpus, runBench, runPart } from "../part.mjs";

await runPart("split-tensor", async (options) => {
  requireSeveralGpus(options);
  const flags = ["--split-mode", "tensor"];
  await runBench("split-tensor", ["decode", "prefill"], options.models.slice(-1), options, flags);
});
