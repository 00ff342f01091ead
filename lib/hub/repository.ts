import type { IncomingHttpHeaders } from "node:http";
import { nearestName } from "../options/nearest-name.ts";
import { catalogueRepositories } from "./catalogue.ts";
import type { Checksum } from "./checksum.ts";
import { downloadFailed, notFound, plainAddress } from "./failure.ts";
import { fetchJson, type Refusal } from "./http.ts";
import { statusFailure } from "./retry.ts";
import { isSafePath } from "./safe-names.ts";
import type { HubSettings } from "./settings.ts";

/** What every request to a hub needs. */
export interface HubContext {
  readonly settings: HubSettings;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
  /** The call, for messages. */
  readonly where: string;
}

/** A file as the hub lists it. */
export interface HubFile {
  readonly path: string;
  readonly bytes: number;
  /** Undefined if the hub does not tell one. */
  readonly checksum: Checksum | undefined;
}

/** A repository at one commit. */
export interface Repository {
  readonly name: string;
  readonly commit: string;
  readonly files: readonly HubFile[];
}

const longestListing = 2 ** 25;
const mostFiles = 100_000;

/**
 * Asks the hub which files a repository has at a revision.
 * @throws CodeLlamaError `MODEL_NOT_FOUND`, `DOWNLOAD_FAILED`; the signal's reason
 */
export async function readRepository(
  name: string,
  revision: string,
  context: HubContext,
): Promise<Repository> {
  const { settings, token, signal } = context;
  const url = new URL(
    `${settings.endpoint}/api/models/${name}/revision/${encodeURIComponent(revision)}?blobs=true`,
  );
  const { idleMs, firstPauseMs } = settings;
  const request = { url, token, signal, idleMs };
  const body = await fetchJson(request, longestListing, firstPauseMs, (status, headers) =>
    refusal(status, headers, { repository: name, revision }, context),
  );
  return checkListing(name, body, plainAddress(url));
}

function checkListing(name: string, body: unknown, where: string): Repository {
  const { sha, siblings } = Object(body) as Record<string, unknown>;
  if (typeof sha !== "string" || !/^[0-9a-f]{40}$/.test(sha) || !Array.isArray(siblings)) {
    throw downloadFailed(`${where} did not answer like a hub; check HF_ENDPOINT`);
  }
  const files = siblings.slice(0, mostFiles).flatMap((each) => listedFile(each) ?? []);
  return { name, commit: sha, files };
}

/** Undefined for a file whose name could leave the cache, or without a size. */
function listedFile(entry: unknown): HubFile | undefined {
  const { rfilename: path, size, blobId, lfs } = Object(entry) as Record<string, unknown>;
  if (typeof path !== "string" || !isSafePath(path)) return undefined;
  const { sha256, size: lfsSize } = Object(lfs) as Record<string, unknown>;
  const bytes = typeof lfsSize === "number" ? lfsSize : size;
  if (typeof bytes !== "number" || !Number.isSafeInteger(bytes) || bytes < 0) return undefined;
  if (typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256)) {
    return { path, bytes, checksum: { algorithm: "sha256", hex: sha256 } };
  }
  if (typeof blobId === "string" && /^[0-9a-f]{40}$/.test(blobId)) {
    return { path, bytes, checksum: { algorithm: "git-sha1", hex: blobId } };
  }
  return { path, bytes, checksum: undefined };
}

/** Address of a file's content, and the error for a status that is not a success. */
export function contentOf(
  { name, commit }: Repository,
  path: string,
  context: HubContext,
): { readonly url: URL; readonly refusal: Refusal } {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  const wanted = { repository: name, revision: commit, file: path };
  return {
    url: new URL(`${context.settings.endpoint}/${name}/resolve/${commit}/${encoded}`),
    refusal: (status, headers) => refusal(status, headers, wanted, context),
  };
}

/** What a request asked for. */
interface Wanted {
  readonly repository: string;
  readonly revision: string;
  readonly file?: string;
}

/** The error for a status of the hub that is not a success. */
function refusal(
  status: number,
  headers: IncomingHttpHeaders,
  wanted: Wanted,
  { settings, token, where }: HubContext,
): Error {
  const { repository, revision, file } = wanted;
  const code = headers["x-error-code"];
  const page = `${settings.endpoint}/${repository}`;
  const host = new URL(settings.endpoint).host;
  const accept = token === undefined ? "then set HF_TOKEN to a token of your account" : "";
  if (code === "GatedRepo" || status === 403) {
    const account = token === undefined ? "" : " with the account of HF_TOKEN";
    return downloadFailed(
      `${where}: ${repository} is gated (HTTP ${status}): accept its licence at ${page}${account}` +
        (accept && `, ${accept}`),
      { status },
    );
  }
  if (code === "RevisionNotFound") {
    return notFound(`${where}: ${repository} at ${host} has no revision "${revision}"`);
  }
  if (code === "EntryNotFound" && file !== undefined) {
    return notFound(`${where}: ${repository} at ${host} has no file "${file}"`);
  }
  // Hugging Face answers 401 for repositories that do not exist, so that private ones stay secret.
  if (status === 404 || code === "RepoNotFound" || (status === 401 && token === undefined)) {
    const near = nearestName(repository, catalogueRepositories);
    const advice = near === undefined ? "" : `; did you mean "hf:${near}"?`;
    return notFound(
      `${where}: ${host} has no model ${repository}, or it is private${advice}` +
        (token === undefined ? `; for a private model set HF_TOKEN` : ""),
    );
  }
  if (status === 401) {
    return downloadFailed(
      `${where}: ${host} does not accept the token of HF_TOKEN (HTTP 401); make a new one at ` +
        `${settings.endpoint}/settings/tokens`,
      { status },
    );
  }
  return statusFailure(`${where}: ${host}`, status, headers["retry-after"]);
}
