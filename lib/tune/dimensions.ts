import type { LoadOptions } from "../options/load.ts";
import type { Dimension } from "./coordinate-descent.ts";

/** The load options that depend on the machine; what is absent is as by default. */
export type TunedOptions = Pick<
  LoadOptions,
  "threads" | "prefillThreads" | "microBatchSize" | "flashAttention" | "kvCacheType"
>;

/** Tokens a second: of a long prompt, of one stream behind it, of several streams together. */
export type Measure = "prefill" | "decode" | "streams";

/** What machines do from one second to the next, and a change should exceed. */
export const noise = 1.03;

/**
 * The options to vary, those with the widest effects first.
 * @param maxThreads - the most threads to try
 * @param promptTokens - of the prompt that is measured: micro-batches beyond it are all alike
 */
export function dimensions(
  maxThreads: number,
  promptTokens: number,
): Dimension<TunedOptions, Measure>[] {
  const counts = threadCounts(maxThreads);
  return [
    {
      // A quantised V cache needs it.
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
      // They compute every step of several tokens, those of streams side by side too.
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
      // It loses a little of the model's quality, which noise must not decide.
      margin: 1.1,
    },
  ];
}

/** From the most to one: all of a few, then fewer and fewer of many. */
export function threadCounts(most: number): number[] {
  const counts = new Set([most]);
  for (let count = 1; count < most; count++) {
    const power = 2 ** Math.floor(Math.log2(count));
    if (most <= 8 || count === power || count === 1.5 * power) counts.add(count);
  }
  return [...counts].sort((a, b) => b - a);
}

/** The options with other values of one of them. */
function variants<Name extends keyof TunedOptions>(
  options: TunedOptions,
  name: Name,
  values: readonly NonNullable<TunedOptions[Name]>[],
): TunedOptions[] {
  return values
    .filter((value) => value !== options[name])
    .map((value) => inOrder({ ...options, [name]: value }));
}

/** Always in one order, so that equal options look alike. */
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
