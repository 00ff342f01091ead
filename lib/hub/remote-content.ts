import { CachedRepository } from "./cache.ts";
import { downloadFailed } from "./failure.ts";
import { resolveReference } from "./fetch-model.ts";
import { findCached } from "./hugging-face.ts";
import { chooseModel } from "./quantisation.ts";
import { openRange, type RemoteFile } from "./range.ts";
import { contentOf, type HubContext, readRepository } from "./repository.ts";
import { Retries } from "./retry.ts";
import { hubSettings, readToken } from "./settings.ts";

/** A file of a hub whose content can be read without fetching the file. */
export interface RemoteContent {
  readonly name: string;
  readonly bytes: number;
  /** Reads the bytes from `start` up to, but not including, `end`. */
  read(start: number, end: number): Promise<Buffer>;
}

/**
 * Opens the model of a URI of Hugging Face that is not in the cache. Undefined for a model in the cache
 * and for models of other origins.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`, `DOWNLOAD_FAILED`
 */
export async function openRemoteModel(
  text: string,
  where: string,
): Promise<RemoteContent | undefined> {
  const resolved = resolveReference(text, where);
  if (resolved?.reference.kind !== "hugging-face") return undefined;
  const { reference } = resolved;
  const settings = hubSettings();
  const cached = new CachedRepository(settings.cache, reference.repository);
  if (settings.isOffline || (await findCached(cached, reference)) !== undefined) return undefined;
  const { signal } = new AbortController();
  const token = await readToken(settings.endpoint);
  const context: HubContext = { settings, token, signal, where };
  const repository = await readRepository(reference.repository, reference.revision, context);
  const [part] = chooseModel(repository.files, reference, `${where}: ${repository.name}`).parts;
  const file: RemoteFile = {
    ...contentOf(repository, part.path, context),
    token,
    bytes: part.bytes,
    sha256: part.checksum?.algorithm === "sha256" ? part.checksum.hex : undefined,
    idleMs: settings.idleMs,
  };
  return {
    name: part.path,
    bytes: part.bytes,
    read: (start, end) =>
      new Retries(settings.firstPauseMs, signal).run(() => readRange(file, start, end, signal)),
  };
}

async function readRange(
  file: RemoteFile,
  start: number,
  end: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const { response, position } = await openRange(file, start, end, undefined, signal);
  const { host } = file.url;
  const chunks: Buffer[] = [];
  let skipped = start - position;
  let missing = end - start;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      const useful = chunk.subarray(Math.min(skipped, chunk.length)).subarray(0, missing);
      skipped -= Math.min(skipped, chunk.length);
      missing -= useful.length;
      chunks.push(useful);
      if (missing === 0) return Buffer.concat(chunks);
    }
  } catch (cause) {
    throw downloadFailed(`${host} broke off the transfer`, {
      cause,
      retry: { afterMs: undefined },
    });
  } finally {
    response.destroy();
  }
  throw downloadFailed(`${host} broke off the transfer`, { retry: { afterMs: undefined } });
}
