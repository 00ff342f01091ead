/** Ids of the special tokens. Tokens that the vocabulary does not have are absent. */
export interface SpecialTokens {
  readonly bos?: number;
  readonly eos?: number;
  /** End of a turn. In Code Llama also the end of an infill: `<EOT>`. */
  readonly eot?: number;
  readonly pad?: number;
  readonly newline?: number;
  /** Fill-in-the-middle: marks the prefix. */
  readonly prefix?: number;
  /** Fill-in-the-middle: marks the suffix. */
  readonly suffix?: number;
  /** Fill-in-the-middle: marks the place where the model continues. */
  readonly middle?: number;
  /** Marks a repository's name. */
  readonly repository?: number;
  /** Marks a file's path. */
  readonly fileSeparator?: number;
  /** Ends a message in CodeLlama-70B-instruct. */
  readonly step?: number;
}

/** Metadata of a model file. */
export interface ModelInfo {
  /** Architecture name, such as `"llama"`. */
  readonly architecture: string;
  readonly name: string;
  /** What the model was tuned for, such as `"Instruct"`. Empty if the file does not say. */
  readonly finetune: string;
  /** Storage type of the weights, such as `"Q4_K_M"`. */
  readonly fileType: string;
  /** Number of weights. */
  readonly parameters: number;
  /** Size of all tensors together. */
  readonly sizeBytes: number;
  /** Context window in tokens that the model was trained with. */
  readonly trainingContextSize: number;
  readonly embeddingLength: number;
  readonly layers: number;
  readonly vocabularySize: number;
  /** Jinja source of the chat template. Empty if the file has none. */
  readonly chatTemplate: string;
  readonly specialTokens: SpecialTokens;
  /** Ids of the tokens that end a generation. */
  readonly endOfGenerationTokens: readonly number[];
}

/** Counters and load of an engine. */
export interface EngineStats {
  /** Number of sequences that hold KV cells. */
  readonly running: number;
  /** Number of requests that wait for a slot. */
  readonly queued: number;
  /** KV cells of running sequences. */
  readonly kvCellsUsed: number;
  /** KV cells of earlier prompts and answers, kept as prefix cache and freed when needed. */
  readonly kvCellsCached: number;
  /** Capacity of the KV cache in tokens. */
  readonly kvCells: number;
  /** Most tokens of one sequence: `kvCells` with `kvUnified`, otherwise the sequence's share. */
  readonly contextSize: number;
  /** Host memory in use for `promptCacheBytes` and `loadPrefix`. */
  readonly promptCacheBytes: number;
  /** Prompt tokens since the load that the prefix cache had. */
  readonly prefixHitTokens: number;
  /** Prompt tokens since the load that the prefix cache did not have. */
  readonly prefixMissTokens: number;
  /** Draft tokens since the load, and tokens that a grammar forced. */
  readonly draftTokens: number;
  /** Draft tokens since the load that the model accepted, and tokens that a grammar forced. */
  readonly acceptedTokens: number;
  /** Rate of all sequences together, over the last few seconds of work. */
  readonly prefillTokensPerSecond: number;
  /** Rate of all sequences together, over the last few seconds of work. */
  readonly decodeTokensPerSecond: number;
}
