import { Embeddings, type EmbeddingsParams } from "@langchain/core/embeddings";
import type { CodeLlama } from "../codellama.ts";

/** Embeddings for LangChain.js, by a loaded model, in this process. */
export class CodeLlamaEmbeddings extends Embeddings {
  readonly #llama: CodeLlama;

  constructor(llama: CodeLlama, parameters: EmbeddingsParams = {}) {
    super(parameters);
    this.#llama = llama;
  }

  override async embedDocuments(documents: string[]): Promise<number[][]> {
    const { embeddings } = await this.#llama.embed(documents);
    return embeddings.map((embedding) => [...embedding]);
  }

  override async embedQuery(document: string): Promise<number[]> {
    const [embedding = []] = await this.embedDocuments([document]);
    return embedding;
  }
}
