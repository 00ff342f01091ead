import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../base/replace-file.ts";
import { type Checksum, linkedSha256 } from "./checksum.ts";
import { downloadFailed, notFound, plainAddress } from "./failure.ts";
import { fetchFile } from "./fetch-file.ts";
import { fetchUrl, type Refusal } from "./http.ts";
import type { FetchedModel, FetchOptions } from "./hugging-face.ts";
import { ProgressCounter } from "./progress.ts";
import type { UrlReference } from "./reference.ts";
import type { HubContext } from "./repository.ts";
import { Retries, statusFailure } from "./retry.ts";
import { isSafeSegment } from "./safe-names.ts";

/**
 * Finds the model of a URL in this package's own cache, or fetches it. Its hash is checked if the URL ends
 * with `#sha256=…`, or if the server tells it as Hugging Face does.
 * @throws CodeLlamaError `MODEL_NOT_FOUND`, `DOWNLOAD_FAILED`; the signal's reason
 */
export async function fetchFromUrl(
  { url: address, sha256 }: UrlReference,
  context: HubContext,
  { isFresh, onProgress }: FetchOptions,
): Promise<FetchedModel> {
  const url = new URL(address);
  const { settings, where } = context;
  const target = targetOf(url, settings.ownCache, sha256);
  const cached = await stat(target).catch(() => undefined);
  if (cached?.isFile() && (!isFresh || settings.isOffline)) {
    return { path: target, bytes: cached.size };
  }
  if (settings.isOffline) {
    throw notFound(
      `${where}: ${plainAddress(url)} is not in the cache ${settings.ownCache}, and HF_HUB_OFFLINE is set`,
    );
  }
  const refusal: Refusal = (status, headers) =>
    refused(`${where}: ${plainAddress(url)}`, status, headers["retry-after"]);
  const { bytes, checksum, tag } = await describe(url, sha256, context, refusal);
  const tagFile = `${target}.etag`;
  if (cached !== undefined && (await readFile(tagFile, "utf8").catch(() => "")) !== tag) {
    throw downloadFailed(
      `${where}: ${plainAddress(url)} has changed since it was fetched; remove the old file with ` +
        "node-codellama rm, then fetch the new one",
    );
  }
  const progress = new ProgressCounter(onProgress, bytes);
  const file = {
    name: plainAddress(url),
    url,
    bytes,
    checksum,
    tag,
    target,
    lock: `${target}.lock`,
    refusal,
  };
  // The token of Hugging Face is for its own host only.
  await fetchFile(file, { ...context, token: undefined }, progress);
  await replaceFile(tagFile, [Buffer.from(tag)], { where });
  return { path: target, bytes };
}

/** Path of a URL's file: below a folder for the whole URL, so that equal names do not meet. */
export function targetOf(url: URL, cache: string, sha256 = ""): string {
  const folder = createHash("sha256").update(`${url.href}#${sha256}`).digest("hex").slice(0, 24);
  const last = url.pathname.split("/").at(-1) ?? "";
  const name = /^[\w.-]+\.gguf$/i.test(last) && isSafeSegment(last) ? last : "model.gguf";
  return join(cache, "urls", folder, name);
}

interface Description {
  readonly bytes: number;
  readonly checksum: Checksum | undefined;
  readonly tag: string;
}

/** Asks the server for the size and the identity of a file, with a GET that ends after the head. */
async function describe(
  url: URL,
  sha256: string | undefined,
  { settings, signal, where }: HubContext,
  refusal: Refusal,
): Promise<Description> {
  return new Retries(settings.firstPauseMs, signal).run(async () => {
    const request = { url, signal, idleMs: settings.idleMs, headers: { range: "bytes=0-0" } };
    const { response, hubHeaders } = await fetchUrl(request);
    response.destroy();
    const { statusCode: status = 0, headers } = response;
    if (status !== 200 && status !== 206) throw refusal(status, headers);
    const total = /\/(\d+)$/.exec(headers["content-range"] ?? "")?.[1];
    const bytes = Number(status === 206 ? total : headers["content-length"]);
    if (!Number.isSafeInteger(bytes) || bytes <= 0) {
      throw downloadFailed(`${where}: ${plainAddress(url)} does not tell the size of the file`);
    }
    const hex = sha256 ?? linkedSha256(hubHeaders);
    return {
      bytes,
      checksum: hex === undefined ? undefined : { algorithm: "sha256", hex },
      tag: hex ?? headers.etag ?? headers["last-modified"] ?? `${bytes} bytes`,
    };
  });
}

function refused(where: string, status: number, retryAfter: string | undefined): Error {
  if (status === 404 || status === 410) {
    return notFound(`${where} does not exist (HTTP ${status})`);
  }
  return statusFailure(where, status, retryAfter);
}
