import { mkdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { isLoopback } from "../base/loopback.ts";
import { replaceFile } from "../base/replace-file.ts";
import { downloadFailed, notFound } from "./failure.ts";
import { fetchFile } from "./fetch-file.ts";
import { fetchJson, type Refusal } from "./http.ts";
import type { FetchedModel, FetchOptions } from "./hugging-face.ts";
import { ProgressCounter } from "./progress.ts";
import type { OllamaReference } from "./reference.ts";
import type { HubContext } from "./repository.ts";
import { statusFailure } from "./retry.ts";

/** The layer of an Ollama manifest that holds the weights. */
interface OllamaLayer {
  readonly sha256: string;
  readonly bytes: number;
}

const modelLayer = "application/vnd.ollama.image.model";
const longestManifest = 2 ** 20;

/** The folder in which Ollama keeps its models on this machine. */
export function ollamaFolder(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  return environment.OLLAMA_MODELS || join(homedir(), ".ollama", "models");
}

/** Reads the layer of the weights from a manifest. Undefined for another form. */
function weightsOf(manifest: unknown): OllamaLayer | undefined {
  const { layers } = Object(manifest) as Record<string, unknown>;
  if (!Array.isArray(layers)) return undefined;
  for (const layer of layers.slice(0, 100)) {
    const { mediaType, digest, size } = Object(layer) as Record<string, unknown>;
    const sha256 = /^sha256:([0-9a-f]{64})$/.exec(`${digest}`)?.[1];
    const isRight = sha256 !== undefined && typeof size === "number" && Number.isSafeInteger(size);
    if (mediaType === modelLayer && isRight && size > 0) return { sha256, bytes: size };
  }
  return undefined;
}

/** Path of a blob inside a folder with Ollama's layout. */
function ollamaBlob(folder: string, { sha256 }: OllamaLayer): string {
  return join(folder, "blobs", `sha256-${sha256}`);
}

/**
 * Finds a model in Ollama's folder on this machine or in this package's own cache, or fetches it from
 * Ollama's registry into the own cache.
 * @throws CodeLlamaError `MODEL_NOT_FOUND`, `DOWNLOAD_FAILED`; the signal's reason
 */
export async function fetchFromOllama(
  reference: OllamaReference,
  context: HubContext,
  { isFresh, onProgress }: FetchOptions,
): Promise<FetchedModel> {
  const { settings, where } = context;
  const own = join(settings.ownCache, "ollama");
  if (!isFresh || settings.isOffline) {
    for (const folder of [ollamaFolder(), own]) {
      const found = await findWeights(folder, manifestPath(folder, reference));
      if (found !== undefined) return found;
    }
  }
  const { host, namespace, name, tag } = reference;
  const label = `${namespace === "library" ? "" : `${namespace}/`}${name}:${tag}`;
  if (settings.isOffline) {
    throw notFound(`${where}: ollama:${label} is not on this machine, and HF_HUB_OFFLINE is set`);
  }
  const scheme = isLoopback(host.replace(/:\d+$/, "")) ? "http" : "https";
  const base = `${scheme}://${host}/v2/${namespace}/${name}`;
  const refusal: Refusal = (status, headers) =>
    status === 404
      ? notFound(`${where}: ${host} has no model ${label}`)
      : statusFailure(`${where}: ${host}`, status, headers["retry-after"]);
  const request = {
    url: new URL(`${base}/manifests/${tag}`),
    headers: { accept: "application/vnd.docker.distribution.manifest.v2+json" },
    signal: context.signal,
    idleMs: settings.idleMs,
  };
  const manifest = await fetchJson(request, longestManifest, settings.firstPauseMs, refusal);
  const layer = weightsOf(manifest);
  if (layer === undefined) {
    throw downloadFailed(`${where}: ollama:${label} has no weights in GGUF format`);
  }
  const { sha256, bytes } = layer;
  const target = ollamaBlob(own, layer);
  const progress = new ProgressCounter(onProgress, bytes);
  const file = {
    name: `ollama:${label}`,
    url: new URL(`${base}/blobs/sha256:${sha256}`),
    bytes,
    checksum: { algorithm: "sha256", hex: sha256 },
    tag: sha256,
    target,
    lock: `${target}.lock`,
    refusal,
  } as const;
  await fetchFile(file, { ...context, token: undefined }, progress);
  await replaceText(manifestPath(own, reference), JSON.stringify(manifest), where);
  return { path: target, bytes };
}

/** Path of a manifest inside a folder with Ollama's layout. A port is part of the host's name. */
export function manifestPath(folder: string, reference: OllamaReference): string {
  const { host, namespace, name, tag } = reference;
  return join(folder, "manifests", host.replace(":", "+"), namespace, name, tag);
}

/** The weights of a manifest in a folder with Ollama's layout. Undefined if their file is not whole. */
export async function findWeights(
  folder: string,
  manifest: string,
): Promise<FetchedModel | undefined> {
  const layer = weightsOf(await readManifest(manifest));
  if (layer === undefined) return undefined;
  const path = ollamaBlob(folder, layer);
  const found = await stat(path).catch(() => undefined);
  return found?.size === layer.bytes ? { path, bytes: layer.bytes } : undefined;
}

async function readManifest(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    return undefined;
  }
}

async function replaceText(path: string, text: string, where: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, [Buffer.from(text)], { where });
}
