import { CachedRepository } from "./cache.ts";
import type { CatalogueFile } from "./catalogue-data.ts";
import { downloadFailed, notFound } from "./failure.ts";
import { fetchFile } from "./fetch-file.ts";
import { type DownloadListener, ProgressCounter } from "./progress.ts";
import { bytesOf, chooseModel, findModel, type ModelFiles, modelsOf } from "./quantisation.ts";
import type { HuggingFaceReference } from "./reference.ts";
import {
  contentOf,
  type HubContext,
  type HubFile,
  type Repository,
  readRepository,
} from "./repository.ts";

/** A model on this machine. */
export interface FetchedModel {
  /** Path of the file, or of the first part of a split model. */
  readonly path: string;
  /** Size of all its files. */
  readonly bytes: number;
}

export interface FetchOptions {
  /** Asks the hub even if the cache has the model, for a newer commit. */
  readonly isFresh: boolean;
  readonly onProgress: DownloadListener | undefined;
}

/**
 * Finds a model in Hugging Face's cache, or fetches it into the cache.
 * @throws CodeLlamaError `MODEL_NOT_FOUND`, `DOWNLOAD_FAILED`; the signal's reason
 */
export async function fetchFromHuggingFace(
  reference: HuggingFaceReference,
  context: HubContext,
  { isFresh, onProgress }: FetchOptions,
  pinned?: CatalogueFile,
): Promise<FetchedModel> {
  const { settings, where } = context;
  const { repository: name, revision } = reference;
  const cached = new CachedRepository(settings.cache, name);
  const found =
    isFresh && !settings.isOffline
      ? undefined
      : await findCached(cached, reference, settings.isOffline);
  if (found !== undefined) return found;
  if (settings.isOffline) {
    throw notFound(
      `${where}: ${nameOf(reference)} is not in the cache ${settings.cache}, and HF_HUB_OFFLINE is set`,
    );
  }
  const repository = await readRepository(name, revision, context);
  const model = chooseModel(repository.files, reference, `${where}: ${name}`);
  requirePinned(model, pinned, `${where}: ${name}`);
  const fetched = await fetchParts(cached, repository, model, context, onProgress);
  await cached.setRevision(revision, repository.commit);
  return fetched;
}

/** The model of the cache, without asking the hub. */
export async function findCached(
  cached: CachedRepository,
  reference: HuggingFaceReference,
  takesAny = false,
): Promise<FetchedModel | undefined> {
  const commit = await cached.commitOf(reference.revision);
  if (commit === undefined) return undefined;
  const models = modelsOf(await cached.filesOf(commit));
  const isOpen = reference.file === undefined && reference.quantisation === undefined;
  // The cache may have another quantisation than the usual one, which the hub would offer.
  const choice = isOpen && !takesAny ? { file: undefined, quantisation: "Q4_K_M" } : reference;
  const model = findModel(models, choice);
  if (model === undefined) return undefined;
  return { path: model.parts[0].location, bytes: bytesOf(model) };
}

/** The reference as the user writes it. */
export function nameOf({ repository, file, quantisation, revision }: HuggingFaceReference): string {
  const rest = file === undefined ? "" : `/${file}`;
  const type = quantisation === undefined ? "" : `:${quantisation}`;
  return `hf:${repository}${rest}${type}${revision === "main" ? "" : `@${revision}`}`;
}

function requirePinned(
  model: ModelFiles<HubFile>,
  pinned: CatalogueFile | undefined,
  where: string,
) {
  const [{ path, bytes, checksum }] = model.parts;
  const isRight =
    (pinned?.bytes === undefined || pinned.bytes === bytes) &&
    (pinned?.sha256 === undefined || pinned.sha256 === checksum?.hex);
  if (isRight) return;
  throw downloadFailed(
    `${where} offers another ${path} than the catalogue of this version knows (sha256 ` +
      `${checksum?.hex ?? "unknown"}, expected ${pinned?.sha256 ?? "unknown"}); to use it anyway, ` +
      "name it as hf:org/repo/file.gguf",
  );
}

async function fetchParts(
  cached: CachedRepository,
  repository: Repository,
  model: ModelFiles<HubFile>,
  context: HubContext,
  onProgress: DownloadListener | undefined,
): Promise<FetchedModel> {
  const { name, commit } = repository;
  const bytes = bytesOf(model);
  const progress = new ProgressCounter(onProgress, bytes);
  const there = new Map((await cached.filesOf(commit)).map((file) => [file.path, file]));
  const locations: string[] = [];
  for (const part of model.parts) {
    const known = there.get(part.path);
    // A commit never changes, so a file of the right size is the right file.
    if (known?.bytes === part.bytes) {
      progress.finish(part.bytes);
      locations.push(known.location);
      continue;
    }
    const { checksum } = part;
    if (checksum === undefined) {
      throw downloadFailed(
        `${context.where}: ${name} tells no hash of ${part.path}, so it cannot be checked`,
      );
    }
    const file = {
      name: part.path,
      ...contentOf(repository, part.path, context),
      bytes: part.bytes,
      checksum,
      tag: checksum.hex,
      target: cached.blob(checksum.hex),
      lock: cached.lock(checksum.hex),
    };
    await fetchFile(file, context, progress);
    locations.push(await cached.link(commit, part.path, checksum.hex));
  }
  return { path: locations[0] ?? "", bytes };
}
