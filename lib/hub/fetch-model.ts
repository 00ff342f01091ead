import { findInCatalogue } from "./catalogue.ts";
import type { CatalogueFile } from "./catalogue-data.ts";
import { readConfiguration } from "./configuration.ts";
import { type FetchedModel, fetchFromHuggingFace } from "./hugging-face.ts";
import { fetchFromOllama } from "./ollama.ts";
import type { DownloadListener } from "./progress.ts";
import {
  type HuggingFaceReference,
  type OllamaReference,
  parseReference,
  type UrlReference,
} from "./reference.ts";
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
  const resolved = resolveReference(text, where);
  if (resolved === undefined) return { path: text, bytes: 0 };
  const settings = hubSettings();
  const context: HubContext = {
    settings,
    token: await readToken(settings.endpoint),
    signal: signal ?? new AbortController().signal,
    where,
  };
  const { reference, pinned } = resolved;
  const options = { isFresh, onProgress };
  switch (reference.kind) {
    case "hugging-face":
      return fetchFromHuggingFace(reference, context, options, pinned);
    case "url":
      return fetchFromUrl(reference, context, options);
    case "ollama":
      return fetchFromOllama(reference, context, options);
  }
}

/** The origin of a model, after names of the catalogue and of the configuration file are looked up. */
export interface FetchedReference {
  readonly reference: HuggingFaceReference | UrlReference | OllamaReference;
  /** What the catalogue knows about the file. */
  readonly pinned: CatalogueFile | undefined;
}

/**
 * Reads the name of a model. Undefined for a path.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function resolveReference(text: string, where: string): FetchedReference | undefined {
  const uri = resolveAlias(text);
  const reference = parseReference(uri, where);
  if (reference.kind === "path") return undefined;
  if (reference.kind === "catalogue") return findInCatalogue(reference, where);
  return { reference, pinned: undefined };
}

/** The URI that the user's configuration file gives for a name of the catalogue. */
function resolveAlias(text: string): string {
  if (!/^codellama:/i.test(text)) return text;
  const { models } = readConfiguration();
  const name = text.toLowerCase();
  return Object.hasOwn(models, name) ? (models[name] ?? text) : text;
}
