import type { LoadOptions } from "../options/load.ts";
import type { Dimension } from "./coordinate-descent.ts";

/** Load options whose best values depend on the machine. An absent option has its default. */
export type TunedOptions = Pick<
  LoadOptions,
  "threads" | "prefillThreads" | "microBatchSize" | "flashAttention" | "kvCacheType"
>;

/** Tokens per second of a long prompt, of one stream after it, and of several streams together. */
export type Measure = "prefill" | "decode" | "streams";

/** Speed-up that a change must exceed, because the speed of a machine varies from run to run. */
export const noise = 1.03;

/**
 * Returns the options to vary, starting with the options that affect most measures.
 * @param maxThreads - largest number of threads to try
 * @param promptTokens - length of the measured prompt; larger micro-batches make no difference
 */
export function dimensions(
  maxThreads: number,
  promptTokens: number,
): Dimension<TunedOptions, Measure>[] {
  const counts = threadCounts(maxThreads);
  return [
    {
      // A quantized V cache requires flash attention.
      candidates: (best) =>
        variants(best, "flashAttention", best.kvCacheType === undefined ? [true, false] : [true]),
      affects: ["prefill", "decode", "streams"],
      margin: noise,
    },
    {
      candidates: (best) => variants(best, "threads", counts),
      affects: ["decode"],
      margin: noise,
      isOrdered: true,
    },
    {
      // These threads compute every step with several tokens, so parallel streams use them too.
      candidates: (best) =>
        variants(
          best,
          "prefillThreads",
          counts.filter((count) => count !== best.threads),
        ),
      affects: ["prefill", "streams"],
      margin: noise,
      isOrdered: true,
    },
    {
      candidates: (best) =>
        variants(
          best,
          "microBatchSize",
          [128, 256, 1024, 2048].filter((size) => size < promptTokens),
        ),
      affects: ["prefill"],
      margin: noise,
    },
    {
      candidates: (best) =>
        best.flashAttention === false ? [] : variants(best, "kvCacheType", ["q8_0"]),
      affects: ["prefill", "decode", "streams"],
      // A quantized KV cache costs some quality, so noise must not choose it.
      margin: 1.1,
    },
  ];
}

/** Thread counts from `most` down to 1. Above 8, only `most`, powers of 2 and 1.5 times these. */
export function threadCounts(most: number): number[] {
  const counts = new Set([most]);
  for (let count = 1; count < most; count++) {
    const power = 2 ** Math.floor(Math.log2(count));
    if (most <= 8 || count === power || count === 1.5 * power) counts.add(count);
  }
  return [...counts].sort((a, b) => b - a);
}

/** Returns the options with each other value of one option. */
function variants<Name extends keyof TunedOptions>(
  options: TunedOptions,
  name: Name,
  values: readonly NonNullable<TunedOptions[Name]>[],
): TunedOptions[] {
  return values
    .filter((value) => value !== options[name])
    .map((value) => inOrder({ ...options, [name]: value }));
}

/** Copies the options in a fixed order, so that equal options have equal JSON. */
function inOrder({
  threads,
  prefillThreads,
  microBatchSize,
  flashAttention,
  kvCacheType,
}: TunedOptions): TunedOptions {
  return {
    ...(threads === undefined ? {} : { threads }),
    ...(prefillThreads === undefined ? {} : { prefillThreads }),
    ...(microBatchSize === undefined ? {} : { microBatchSize }),
    ...(flashAttention === undefined ? {} : { flashAttention }),
    ...(kvCacheType === undefined ? {} : { kvCacheType }),
  };
}
