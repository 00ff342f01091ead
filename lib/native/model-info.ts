/** Ids of tokens with a meaning; those that the vocabulary lacks are absent. */
export interface SpecialTokens {
  readonly bos?: number;
  readonly eos?: number;
  /** End of a turn; in Code Llama the end of an infill, `<EOT>`. */
  readonly eot?: number;
  readonly pad?: number;
  readonly newline?: number;
  /** Fill-in-the-middle: before the prefix. */
  readonly prefix?: number;
  readonly suffix?: number;
  readonly middle?: number;
  /** Before a repository's name. */
  readonly repository?: number;
  /** Before a file's path. */
  readonly fileSeparator?: number;
  /** Ends a message in CodeLlama-70B-instruct. */
  readonly step?: number;
}

/** What a model file says about itself. */
export interface ModelInfo {
  /** Such as `"llama"`. */
  readonly architecture: string;
  readonly name: string;
  /** What it was tuned for, such as `"Instruct"`, or `""`. */
  readonly finetune: string;
  /** How the weights are stored, such as `"Q4_K_M"`. */
  readonly fileType: string;
  readonly parameters: number;
  /** Of all tensors. */
  readonly sizeBytes: number;
  /** Tokens of context that the model was trained with. */
  readonly trainingContextSize: number;
  readonly embeddingLength: number;
  readonly layers: number;
  readonly vocabularySize: number;
  /** Jinja source, or `""`. */
  readonly chatTemplate: string;
  readonly specialTokens: SpecialTokens;
  /** Tokens at which a generation ends. */
  readonly endOfGenerationTokens: readonly number[];
}

/** What an engine is doing. */
export interface EngineStats {
  /** Sequences that hold KV cells. */
  readonly running: number;
  /** Requests that wait for a place. */
  readonly queued: number;
  /** Of the sequences that run. */
  readonly kvCellsUsed: number;
  /** Of earlier prompts and answers, for prompts that begin alike; given up when room is needed. */
  readonly kvCellsCached: number;
  /** Tokens that the KV cache holds in all. */
  readonly kvCells: number;
  /** Tokens that one sequence may have: all of those, or its share (`kvUnified`). */
  readonly contextSize: number;
  /** Host memory that `promptCacheBytes` and `loadPrefix` take. */
  readonly promptCacheBytes: number;
  /** Tokens of all prompts so far that were found in the prefix cache, and that were not. */
  readonly prefixHitTokens: number;
  readonly prefixMissTokens: number;
  /** Tokens guessed by speculation so far, and those of them that were right. */
  readonly draftTokens: number;
  readonly acceptedTokens: number;
  /** Over the last few seconds of work, all sequences together. */
  readonly prefillTokensPerSecond: number;
  readonly decodeTokensPerSecond: number;
}
