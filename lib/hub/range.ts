import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { linkedSha256 } from "./checksum.ts";
import { downloadFailed, plainAddress } from "./failure.ts";
import { fetchUrl } from "./http.ts";

/** A remote file whose content can be fetched in parts. */
export interface RemoteFile {
  readonly url: URL;
  readonly token: string | undefined;
  readonly bytes: number;
  /** Hash that the hub must tell when it sends the file. Undefined if unknown. */
  readonly sha256: string | undefined;
  readonly idleMs: number;
  /** The error for a status that is not a success. */
  refusal(status: number, headers: IncomingHttpHeaders): Error;
}

/** The content of a remote file from one position on. */
export interface RangeAnswer {
  readonly response: IncomingMessage;
  /** Position of the first byte of the body. 0 if the server ignores ranges. */
  readonly position: number;
  /** Whether the server sent the range that was asked for. */
  readonly isPart: boolean;
  /** Strong ETag, which identifies the content for `If-Range`. */
  readonly etag: string | undefined;
}

/** The remote file is not the one that earlier parts came from. */
export class ContentChanged extends Error {}

/**
 * Asks for the bytes from `start` up to, but not including, `end`.
 * @param etag - of the earlier parts
 * @throws ContentChanged; CodeLlamaError `DOWNLOAD_FAILED`; the signal's reason
 */
export async function openRange(
  file: RemoteFile,
  start: number,
  end: number,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<RangeAnswer> {
  const { url, token, idleMs } = file;
  const { response, hubHeaders } = await fetchUrl({
    url,
    token,
    signal,
    idleMs,
    headers: {
      range: `bytes=${start}-${end - 1}`,
      ...(etag !== undefined && { "if-range": etag }),
    },
  });
  try {
    requireSameFile(file, hubHeaders);
    return readHead(file, response, start, etag);
  } catch (error) {
    response.destroy();
    throw error;
  }
}

function requireSameFile({ sha256 }: RemoteFile, headers: IncomingHttpHeaders): void {
  const linked = linkedSha256(headers);
  if (sha256 !== undefined && linked !== undefined && linked !== sha256) throw new ContentChanged();
}

function readHead(
  file: RemoteFile,
  response: IncomingMessage,
  start: number,
  etag: string | undefined,
): RangeAnswer {
  const { statusCode: status = 0, headers } = response;
  const address = plainAddress(file.url);
  if (status === 416) throw new ContentChanged();
  if (status !== 200 && status !== 206) throw file.refusal(status, headers);
  if ((headers["content-encoding"] ?? "identity") !== "identity") {
    throw downloadFailed(`${address} sends a compressed body, which was not asked for`);
  }
  const strongTag = headers.etag?.startsWith('"') ? headers.etag : undefined;
  if (etag !== undefined && strongTag !== undefined && strongTag !== etag) {
    throw new ContentChanged();
  }
  if (status === 200) {
    const length = headers["content-length"];
    if (length !== undefined && Number(length) !== file.bytes) throw new ContentChanged();
    return { response, position: 0, isPart: false, etag: strongTag };
  }
  const [, first, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers["content-range"] ?? "") ?? [];
  if (Number(first) !== start) {
    throw downloadFailed(`${address} sent another range than bytes ${start} and later`);
  }
  if (total !== "*" && Number(total) !== file.bytes) throw new ContentChanged();
  return { response, position: start, isPart: true, etag: strongTag };
}
