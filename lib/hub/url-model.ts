import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../base/replace-file.ts";
import { CodeLlamaError } from "../errors.ts";
import type { Checksum } from "./checksum.ts";
import { downloadFailed, plainAddress } from "./failure.ts";
import { fetchFile } from "./fetch-file.ts";
import { fetchUrl } from "./http.ts";
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
    throw new CodeLlamaError(
      "MODEL_NOT_FOUND",
      `${where}: ${plainAddress(url)} is not in the cache ${settings.ownCache}, and HF_HUB_OFFLINE is set`,
    );
  }
  const refusal = (status: number, retryAfter: string | undefined) =>
    refused(`${where}: ${plainAddress(url)}`, status, retryAfter);
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
  };
  const withRefusal = {
    ...file,
    refusal: (status: number, headers: { readonly "retry-after"?: string | undefined }) =>
      refusal(status, headers["retry-after"]),
  };
  // The token of Hugging Face is for its own host only.
  await fetchFile(withRefusal, { ...context, token: undefined }, progress);
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
  refusal: (status: number, retryAfter: string | undefined) => Error,
): Promise<Description> {
  return new Retries(settings.firstPauseMs, signal).run(async () => {
    const request = { url, signal, idleMs: settings.idleMs, headers: { range: "bytes=0-0" } };
    const { response, hubHeaders } = await fetchUrl(request);
    response.destroy();
    const { statusCode: status = 0, headers } = response;
    if (status !== 200 && status !== 206) throw refusal(status, headers["retry-after"]);
    const total = /\/(\d+)$/.exec(headers["content-range"] ?? "")?.[1];
    const bytes = Number(status === 206 ? total : headers["content-length"]);
    if (!Number.isSafeInteger(bytes) || bytes <= 0) {
      throw downloadFailed(`${where}: ${plainAddress(url)} does not tell the size of the file`);
    }
    const told = /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(`${hubHeaders["x-linked-etag"] ?? ""}`)?.[1];
    const hex = sha256 ?? told;
    return {
      bytes,
      checksum: hex === undefined ? undefined : { algorithm: "sha256", hex },
      tag: hex ?? headers.etag ?? headers["last-modified"] ?? `${bytes} bytes`,
    };
  });
}

function refused(where: string, status: number, retryAfter: string | undefined): Error {
  if (status === 404 || status === 410) {
    return new CodeLlamaError("MODEL_NOT_FOUND", `${where} does not exist (HTTP ${status})`);
  }
  return statusFailure(where, status, retryAfter);
}
