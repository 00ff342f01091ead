import type {
  EmbeddingModelV3,
  EmbeddingModelV3CallOptions,
  EmbeddingModelV3Result,
} from "@ai-sdk/provider";
import { readArgument } from "../../base/arguments.ts";
import type { CodeLlama } from "../../codellama.ts";

/** Embedding model for the AI SDK's `embed` and `embedMany`. */
export class CodeLlamaEmbeddingModel implements EmbeddingModelV3 {
  readonly specificationVersion = "v3";
  readonly provider = "node-codellama";
  readonly modelId: string;
  readonly maxEmbeddingsPerCall = undefined;
  readonly supportsParallelCalls = true;
  readonly #llama: CodeLlama;

  constructor(llama: CodeLlama, modelId: string) {
    this.#llama = llama;
    this.modelId = modelId;
  }

  async doEmbed(options: EmbeddingModelV3CallOptions): Promise<EmbeddingModelV3Result> {
    const { values, abortSignal } = readArgument("options", () => ({ ...options }));
    const signal = abortSignal === undefined ? {} : { signal: abortSignal };
    const { embeddings, usage } = await this.#llama.embed(values, signal);
    return {
      embeddings: embeddings.map((embedding) => [...embedding]),
      usage: { tokens: usage.promptTokens },
      warnings: [],
    };
  }
}
