import { withOwnSignal } from "../base/abort-listeners.ts";
import { invalidArgument, show } from "../base/arguments.ts";
import type { FetchedModel } from "../hub/hugging-face.ts";
import { isModelUri } from "../hub/reference.ts";
import { checkOptions } from "../options/check.ts";
import { type PullOptions, pullRules } from "../options/pull.ts";

export type { FetchedModel as PulledModel };

const where = "pullModel()";

/**
 * Fetches a model into the cache, or its newest version if the cache has an older one. `CodeLlama.load`
 * does the same for a model that is not in the cache, and never asks the hub for one that is.
 * @param uri - such as `hf:org/repo:Q4_K_M`, `https://host/file.gguf`, `ollama:name:tag` or
 *   `codellama:7b-instruct`
 * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`, `DOWNLOAD_FAILED`; the signal's reason
 */
export async function pullModel(uri: string, options: PullOptions = {}): Promise<FetchedModel> {
  const { onProgress, signal } = checkOptions(options, pullRules, where);
  if (typeof uri !== "string" || !isModelUri(uri)) {
    throw invalidArgument(
      `${where}: the model must be named by hf:org/repo, https://…, ollama:name or a name of the ` +
        `catalogue such as codellama:7b-instruct (got ${show(uri)})`,
    );
  }
  // Imported here, so that programs without downloads start faster.
  const { fetchModel } = await import("../hub/fetch-model.ts");
  return withOwnSignal(signal, (own) =>
    fetchModel(uri, where, { onProgress, signal: own, isFresh: true }),
  );
}
