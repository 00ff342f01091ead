import { lstat, readdir, realpath, rm, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { invalidArgument, show } from "../base/arguments.ts";
import { CachedRepository } from "./cache.ts";
import { notFound } from "./failure.ts";
import { partialSuffix } from "./fetch-file.ts";
import { type FetchedReference, resolveReference } from "./fetch-model.ts";
import { manifestPath, ollamaFolder } from "./ollama.ts";
import { findModel, modelsOf } from "./quantisation.ts";
import type { HuggingFaceReference, OllamaReference } from "./reference.ts";
import { hubSettings } from "./settings.ts";
import { ollamaModels } from "./stores.ts";
import { targetOf } from "./url-model.ts";

/** What a removal freed. */
export interface RemovedModel {
  /** The removed files. */
  readonly paths: readonly string[];
  /** Freed bytes. Files that other models share stay and do not count. */
  readonly bytes: number;
}

/**
 * Removes a model from Hugging Face's cache or from this package's own cache. Other commits and models
 * keep the files that they share with it. Files of Ollama, LM Studio and llama.cpp are not touched.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`
 */
export async function removeFromCache(text: string, where: string): Promise<RemovedModel> {
  const reference = resolveReference(text, where);
  if (reference === undefined) {
    throw invalidArgument(
      `${where}: ${show(text)} is a path; only models of a cache can be removed, such as hf:org/repo:Q4_K_M`,
    );
  }
  const removed = await removeReference(reference.reference, where);
  if (removed.paths.length > 0) return removed;
  throw notFound(`${where}: ${show(text)} is not in the cache`);
}

async function removeReference(
  reference: FetchedReference["reference"],
  where: string,
): Promise<RemovedModel> {
  const { ownCache, cache } = hubSettings();
  switch (reference.kind) {
    case "hugging-face":
      return removeFromHuggingFace(new CachedRepository(cache, reference.repository), reference);
    case "ollama":
      return removeFromOllama(join(ownCache, "ollama"), reference, where);
    case "url": {
      const path = targetOf(new URL(reference.url), ownCache, reference.sha256);
      const bytes = await sizeOf(path);
      const files = await readdir(dirname(path)).catch(() => []);
      await rm(dirname(path), { recursive: true, force: true });
      return { paths: files.length > 0 ? [path] : [], bytes };
    }
  }
}

async function removeFromHuggingFace(
  cached: CachedRepository,
  reference: HuggingFaceReference,
): Promise<RemovedModel> {
  const commit = await cached.commitOf(reference.revision);
  const models = commit === undefined ? [] : modelsOf(await cached.filesOf(commit));
  const model = findModel(models, reference);
  const paths: string[] = [];
  let bytes = 0;
  for (const { location } of model?.parts ?? []) {
    const blob = await realpath(location);
    const size = await sizeOf(blob);
    await rm(location);
    paths.push(location);
    await removeEmptyFolders(dirname(location), cached.folder);
    if (await isLinked(cached, blob)) continue;
    await rm(blob, { force: true });
    bytes += size;
  }
  const partial = await removePartials(cached);
  return { paths: [...paths, ...partial.paths], bytes: bytes + partial.bytes };
}

/** Whether a file of a snapshot still leads to a blob. */
async function isLinked(cached: CachedRepository, blob: string): Promise<boolean> {
  for (const commit of await cached.commits()) {
    for (const { location } of await cached.filesOf(commit)) {
      if ((await realpath(location).catch(() => "")) === blob) return true;
    }
  }
  return false;
}

/** Removes unfinished downloads of a repository, except those that run now. */
async function removePartials(cached: CachedRepository): Promise<RemovedModel> {
  const folder = dirname(cached.blob("x"));
  const names = (await readdir(folder).catch(() => [])).filter((name) =>
    name.includes(partialSuffix),
  );
  const paths: string[] = [];
  let bytes = 0;
  for (const name of names) {
    const [tag = ""] = name.split(partialSuffix);
    const isRunning = await lstat(cached.lock(tag)).then(
      () => true,
      () => false,
    );
    if (isRunning) continue;
    bytes += await sizeOf(join(folder, name));
    await rm(join(folder, name), { force: true });
    if (name.endsWith(partialSuffix)) paths.push(join(folder, name));
  }
  return { paths, bytes };
}

async function removeEmptyFolders(folder: string, root: string): Promise<void> {
  for (let path = folder; path.startsWith(root) && path !== root; path = dirname(path)) {
    const isRemoved = await rmdir(path).then(
      () => true,
      () => false,
    );
    if (!isRemoved) return;
  }
}

async function removeFromOllama(
  own: string,
  reference: OllamaReference,
  where: string,
): Promise<RemovedModel> {
  const manifest = manifestPath(own, reference);
  const before = await ollamaModels(own, "node-codellama");
  const isThere = (await lstat(manifest).catch(() => undefined))?.isFile() === true;
  if (!isThere) {
    const isOllamas = await lstat(manifestPath(ollamaFolder(), reference)).catch(() => undefined);
    if (isOllamas === undefined) return { paths: [], bytes: 0 };
    throw invalidArgument(`${where}: Ollama owns this model; remove it with ollama rm`);
  }
  await rm(manifest);
  const left = new Set((await ollamaModels(own, "node-codellama")).map(({ path }) => path));
  const blobs = before.filter(({ path }) => !left.has(path));
  let bytes = 0;
  for (const { path } of blobs) {
    bytes += await sizeOf(path);
    await rm(path, { force: true });
  }
  return { paths: [manifest, ...blobs.map(({ path }) => path)], bytes };
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
