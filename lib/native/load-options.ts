// Load options that the addon reads under the names that callers use: ReadModelOptions() and
// ReadContextOptions() in native/addon/option_reader.cc.

/** How YaRN stretches a context. Absent values come from the model file. */
export interface YarnOptions {
  /**
   * Share of extrapolation for the fast frequencies: 1 leaves them unscaled as in YaRN's paper, 0
   * scales all. Default 1; range 0 to 1.
   */
  readonly extFactor?: number;
  /**
   * Factor of attention. Only with `extFactor: 0`; otherwise llama.cpp computes it from `scale`.
   * Range 0.01 to 100.
   */
  readonly attnFactor?: number;
  /** Rotations within `origContext` above which a frequency is not scaled. Range 0.01 to 10000. */
  readonly betaFast?: number;
  /**
   * Rotations within `origContext` below which a frequency is fully scaled; below `betaFast`. Range
   * 0.01 to 10000.
   */
  readonly betaSlow?: number;
  /** Training context of the model in tokens, before any stretching. Range 1 to 2³¹-1. */
  readonly origContext?: number;
}

/**
 * Rotary positions (RoPE), for contexts longer than the model was trained with; pass a `contextSize`
 * as well. Absent values come from the model file.
 */
export interface RopeOptions {
  /** Base of the frequencies; Code Llama has 1,000,000. Range 2 to 10¹². */
  readonly base?: number;
  /** Scale of the frequencies: 0.25 makes room for four times the context. Range 0.0001 to 1. */
  readonly scale?: number;
  /** Method of scaling. Default: `"yarn"` if `yarn` is given, otherwise as in the file. */
  readonly type?: "none" | "linear" | "yarn";
  /** Parameters of YaRN. Only with `type: "yarn"`. */
  readonly yarn?: YarnOptions;
}

/** Load options that the addon takes as they are. */
export interface PlainLoadOptions {
  /**
   * Number of tokens in the KV cache for all sequences together; `kvUnified` says how they divide
   * it. Default: the training length, or the training length per sequence when sequences have
   * separate parts, but at most what half of the free memory holds and what fits beside the layers
   * on GPUs. Range 8 to 2³¹-1; rounded up to a multiple of 256.
   */
  readonly contextSize?: number;
  /** Number of sequences that run at once; further requests wait. Default 4; range 1 to 256. */
  readonly parallel?: number;
  /**
   * Number of requests that may wait while `parallel` others run; a further one rejects with
   * `QUEUE_FULL`. Default: no limit; range 0 to 2³¹-1.
   */
  readonly maxQueue?: number;
  /** Maximum number of tokens per step. Default 2048; range 1 to 65536. */
  readonly batchSize?: number;
  /** Maximum number of tokens that the device computes at once. Default 512; range 1 to 65536. */
  readonly microBatchSize?: number;
  /**
   * Number of CPU threads for decode. Default: the physical cores that this process may use (SMT
   * siblings count once), within the CPU quota of its container; 1 if all layers are on a GPU. Range
   * 1 to 512.
   */
  readonly threads?: number;
  /** Number of CPU threads for prefill. Default: `threads`. Range 1 to 512. */
  readonly prefillThreads?: number;
  /**
   * Bytes of host memory for KV cells that the prefix cache has no room for: copying them back is
   * faster than computing them again. Default 0: off; range 0 to 2⁵³-1.
   */
  readonly promptCacheBytes?: number;
  /** Maps the file instead of reading it: loads fast, shared between processes. Default true. */
  readonly useMmap?: boolean;
  /** Locks the weights in memory, so that they are not swapped out. Default false. */
  readonly useMlock?: boolean;
  /**
   * Computes one token before `load` resolves, so that the first request does not wait for page
   * faults of the weights and for the setup of devices. Default true.
   */
  readonly warmup?: boolean;
  /** Loads only the tokenizer and the metadata; nothing can be generated. Default false. */
  readonly vocabularyOnly?: boolean;
  /**
   * How several GPUs share the model: `"layer"` gives each GPU some of the layers, `"row"` splits
   * each matrix and `"tensor"` splits all tensors, so that the GPUs compute together (`"tensor"`
   * takes all layers, whether they fit or not), `"none"` uses only `mainGpu`. Default `"layer"`.
   */
  readonly splitMode?: "none" | "layer" | "row" | "tensor";
  /** Proportions of the model per device, such as `[3, 1]`. Default: by free memory. */
  readonly tensorSplit?: readonly number[];
  /** Index of the device for `splitMode: "none"`, among the used ones. Default 0; range 0 to 15. */
  readonly mainGpu?: number;
}
