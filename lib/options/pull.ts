import { abortSignal, callback } from "./check.ts";
import { type OptionTable, rulesOf } from "./table.ts";

/** Progress of fetching a model. */
export interface DownloadProgress {
  /**
   * `"wait"`: another process downloads the same file; `"download"`: bytes arrive; `"verify"`: the hash
   * is computed.
   */
  readonly phase: "wait" | "download" | "verify";
  /** Bytes of all files of the model that are there, or verified. */
  readonly bytes: number;
  /** Bytes of all files of the model. */
  readonly total: number;
}

/** How to fetch a model. */
export interface PullOptions {
  /** Called at most every 100 ms. */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Cancels the fetching, which then rejects with the signal's reason. What has arrived stays. */
  readonly signal?: AbortSignal;
}

/** The options of `pullModel`. */
export const pullTable = {
  onProgress: { rule: callback, doc: "call this function with { phase, bytes, total }" },
  signal: { rule: abortSignal, doc: "cancel the fetching; what has arrived stays" },
} as const satisfies OptionTable<PullOptions>;

export const pullRules = rulesOf(pullTable);
