import { findInCatalogue } from "./catalogue.ts";
import { readConfiguration } from "./configuration.ts";
import { type FetchedModel, fetchFromHuggingFace } from "./hugging-face.ts";
import { fetchFromOllama } from "./ollama.ts";
import type { DownloadListener } from "./progress.ts";
import { type ModelReference, parseReference } from "./reference.ts";
import type { HubContext } from "./repository.ts";
import { hubSettings, readToken } from "./settings.ts";
import { fetchFromUrl } from "./url-model.ts";

export interface FetchModelOptions {
  readonly onProgress?: DownloadListener | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Asks the hub even if the model is on this machine. Default false. */
  readonly isFresh?: boolean;
}

/**
 * Finds the model of a URI on this machine, or fetches it. A path is returned unchanged.
 * @param where - the call, for messages
 * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`, `DOWNLOAD_FAILED`; the signal's reason
 */
export async function fetchModel(
  text: string,
  where: string,
  { onProgress, signal, isFresh = false }: FetchModelOptions = {},
): Promise<FetchedModel> {
  const uri = resolveAlias(text);
  const reference = parseReference(uri, where);
  if (reference.kind === "path") return { path: reference.path, bytes: 0 };
  const settings = hubSettings();
  const context: HubContext = {
    settings,
    token: await readToken(settings.endpoint),
    signal: signal ?? new AbortController().signal,
    where,
  };
  return fetchReference(reference, context, { isFresh, onProgress });
}

function fetchReference(
  reference: Exclude<ModelReference, { kind: "path" }>,
  context: HubContext,
  options: Parameters<typeof fetchFromHuggingFace>[2],
): Promise<FetchedModel> {
  switch (reference.kind) {
    case "hugging-face":
      return fetchFromHuggingFace(reference, context, options);
    case "url":
      return fetchFromUrl(reference, context, options);
    case "ollama":
      return fetchFromOllama(reference, context, options);
    case "catalogue": {
      const { reference: repository, pinned } = findInCatalogue(reference, context.where);
      return fetchFromHuggingFace(repository, context, options, pinned);
    }
  }
}

/** The URI that the user's configuration file gives for a name of the catalogue. */
export function resolveAlias(text: string): string {
  if (!/^codellama:/i.test(text)) return text;
  const { models } = readConfiguration();
  const name = text.toLowerCase();
  return Object.hasOwn(models, name) ? (models[name] ?? text) : text;
}
