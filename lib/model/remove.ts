import { invalidArgument, show } from "../base/arguments.ts";
import type { RemovedModel } from "../hub/remove-model.ts";

export type { RemovedModel };

const where = "removeModel()";

/**
 * Removes a model, and unfinished downloads of its repository, from Hugging Face's cache or from this
 * package's own cache. Files of Ollama, LM Studio and llama.cpp are not touched.
 * @param uri - as for `pullModel`
 * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`
 */
export async function removeModel(uri: string): Promise<RemovedModel> {
  if (typeof uri !== "string" || uri === "") {
    throw invalidArgument(`${where}: the model must be a non-empty string (got ${show(uri)})`);
  }
  // Imported here, so that programs without downloads start faster.
  const { removeFromCache } = await import("../hub/remove-model.ts");
  return removeFromCache(uri, where);
}
