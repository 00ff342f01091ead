import { totalmem } from "node:os";
import type { DeviceInfo } from "../native/device-info.ts";
import type { GgufFacts } from "./inspect.ts";

/** Where a model fits: on the GPUs, in the memory of the machine, or not at all. */
export type Fit = "gpu" | "memory" | "no";

// A usual context. `load` lowers the context by itself if memory is short.
const contextTokens = 4096;
const bytesPerValue = 2;
// For intermediate results and the program itself.
const reserveBytes = 512 * 2 ** 20;

/**
 * Estimates where a model fits with a context of 4,096 tokens.
 * @param weightBytes - size of all files of the model
 */
export function fitOf(
  weightBytes: number,
  facts: GgufFacts,
  devices: readonly DeviceInfo[],
  memoryBytes = hostMemory(),
): Fit {
  const needed = weightBytes + kvBytes(facts) + reserveBytes;
  const gpuBytes = devices
    .filter(({ kind }) => kind === "gpu")
    .reduce((sum, { freeMemoryBytes }) => sum + freeMemoryBytes, 0);
  if (needed <= gpuBytes) return "gpu";
  return needed <= memoryBytes ? "memory" : "no";
}

/** Keys and values of a whole context, in f16. */
function kvBytes({ layers = 0, embeddingLength = 0, heads = 1, keyValueHeads }: GgufFacts): number {
  const width = (embeddingLength / heads) * (keyValueHeads ?? heads);
  return 2 * layers * width * bytesPerValue * contextTokens;
}

/** Memory that this process may use, within the limit of its container. */
function hostMemory(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
