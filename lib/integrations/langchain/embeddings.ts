import { Embeddings, type EmbeddingsParams } from "@langchain/core/embeddings";
import type { CodeLlama } from "../../codellama.ts";
import { requireModel } from "../../options/model.ts";
import { checkParameters } from "./call-options.ts";

/** Embeddings for LangChain.js that run a model loaded in this process. */
export class CodeLlamaEmbeddings extends Embeddings {
  readonly #llama: CodeLlama;

  /** @throws CodeLlamaError `INVALID_ARGUMENT` */
  constructor(llama: CodeLlama, parameters: EmbeddingsParams = {}) {
    super(checkParameters(parameters, "new CodeLlamaEmbeddings()"));
    requireModel(llama, "new CodeLlamaEmbeddings()");
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
