import type { Dirent } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join, relative, sep } from "node:path";
import { type CachedFile, CachedRepository, repositoryOf } from "./cache.ts";
import { findWeights, ollamaFolder } from "./ollama.ts";
import { bytesOf, findModel, type ModelFiles, modelsOf, quantisationOf } from "./quantisation.ts";
import { type HubSettings, hubSettings } from "./settings.ts";

/** Program whose cache has a model. */
export type ModelStore = "hugging-face" | "node-codellama" | "llama.cpp" | "ollama" | "lm-studio";

/** A model file in a cache of this machine. */
export interface StoredModel {
  /** Name for `load`: a URI, or the path if no URI leads to it. */
  readonly name: string;
  readonly store: ModelStore;
  /** Path of the file, or of the first part of a split model. */
  readonly path: string;
  /** Size of all parts. */
  readonly bytes: number;
  /** Type of the weights that the file's name tells. */
  readonly quantisation: string | undefined;
}

/** Finds the models in the caches of Hugging Face, this package, llama.cpp, Ollama and LM Studio. */
export async function findStoredModels(): Promise<StoredModel[]> {
  const settings = hubSettings();
  const lists = await Promise.all([
    huggingFaceModels(settings),
    folderModels(join(settings.ownCache, "urls"), "node-codellama"),
    ollamaModels(join(settings.ownCache, "ollama"), "node-codellama"),
    ollamaModels(ollamaFolder(), "ollama"),
    folderModels(llamaCppFolder(), "llama.cpp"),
    lmStudioModels(),
  ]);
  return lists.flat();
}

async function huggingFaceModels({ cache }: HubSettings): Promise<StoredModel[]> {
  const folders = await readdir(cache).catch(() => []);
  const lists = folders.map(async (folder) => {
    const repository = repositoryOf(folder);
    if (repository === undefined) return [];
    const cached = new CachedRepository(cache, repository);
    const newest = await cached.commitOf("main");
    const commits = await cached.commits();
    return Promise.all(
      commits.map(async (commit) => {
        const models = modelsOf(await cached.filesOf(commit));
        const suffix = commit === newest ? "" : `@${commit}`;
        return models.map((model) => ({
          ...stored(model, "hugging-face"),
          name: `hf:${repository}${choiceOf(model, models)}${suffix}`,
        }));
      }),
    );
  });
  return (await Promise.all(lists)).flat(2);
}

function stored(model: ModelFiles<CachedFile>, store: ModelStore): StoredModel {
  const [{ location }] = model.parts;
  const { quantisation } = model;
  return { name: location, store, path: location, bytes: bytesOf(model), quantisation };
}

/** The end of the URI: the quantisation if that names this model, otherwise the file. */
function choiceOf(model: ModelFiles<CachedFile>, models: readonly ModelFiles<CachedFile>[]) {
  const { quantisation } = model;
  const named =
    quantisation === undefined ? undefined : findModel(models, { file: undefined, quantisation });
  return named === model ? `:${quantisation}` : `/${model.parts[0].path}`;
}

// Deeper folders are not a cache.
const deepest = 4;

async function folderModels(root: string, store: ModelStore): Promise<StoredModel[]> {
  const files = (await filesBelow(root, deepest)).filter((path) => /\.gguf$/i.test(path));
  const located = await Promise.all(
    files.map(async (location): Promise<CachedFile[]> => {
      const found = await stat(location).catch(() => undefined);
      const path = relative(root, location).split(sep).join("/");
      return found?.isFile() ? [{ path, location, bytes: found.size }] : [];
    }),
  );
  return modelsOf(located.flat()).map((model) => stored(model, store));
}

async function filesBelow(folder: string, depth: number): Promise<string[]> {
  const entries: Dirent[] = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const lists = entries.map(async (entry): Promise<string[]> => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return depth > 0 ? filesBelow(path, depth - 1) : [];
    return entry.isFile() || entry.isSymbolicLink() ? [path] : [];
  });
  return (await Promise.all(lists)).flat();
}

/** Finds the models of a folder with Ollama's layout. */
export async function ollamaModels(folder: string, store: ModelStore): Promise<StoredModel[]> {
  const manifests = join(folder, "manifests");
  const files = await filesBelow(manifests, deepest);
  const lists = files.map(async (file): Promise<StoredModel[]> => {
    const [host = "", namespace, name, tag, ...more] = relative(manifests, file).split(sep);
    const weights = await findWeights(folder, file);
    if (tag === undefined || more.length > 0 || weights === undefined) return [];
    const isUsual = host === "registry.ollama.ai";
    const prefix = isUsual && namespace === "library" ? "" : `${namespace}/`;
    const uri = `ollama:${isUsual ? "" : `${host.replace("+", ":")}/`}${prefix}${name}:${tag}`;
    return [{ name: uri, store, ...weights, quantisation: quantisationOf(tag) }];
  });
  return (await Promise.all(lists)).flat();
}

function llamaCppFolder(): string {
  const { LLAMA_CACHE, XDG_CACHE_HOME, LOCALAPPDATA } = process.env;
  if (LLAMA_CACHE) return LLAMA_CACHE;
  if (process.platform === "darwin") return join(homedir(), "Library/Caches/llama.cpp");
  if (process.platform === "win32" && LOCALAPPDATA) return join(LOCALAPPDATA, "llama.cpp");
  return join(XDG_CACHE_HOME || join(homedir(), ".cache"), "llama.cpp");
}

async function lmStudioModels(): Promise<StoredModel[]> {
  const pointer = await readFile(join(homedir(), ".lmstudio-home-pointer"), "utf8").catch(() => "");
  const home = pointer.trim() || join(homedir(), ".lmstudio");
  const folders = [join(home, "models"), join(homedir(), ".cache/lm-studio/models")];
  const lists = await Promise.all(folders.map((folder) => folderModels(folder, "lm-studio")));
  return lists.flat();
}
