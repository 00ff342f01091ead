import type { IncomingMessage } from "node:http";
import { HttpError } from "./http-error.ts";

/**
 * Finds a problem in the head of a request. With two Host headers Node.js uses the first, but a proxy
 * may have used the last. Node.js also passes a compressed transfer encoding on without decoding it.
 */
export function problemOfHead({ headers, rawHeaders }: IncomingMessage): HttpError | undefined {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  if (names.filter((name) => name.toLowerCase() === "host").length > 1) {
    return new HttpError(400, "BAD_REQUEST", "the request must have only one Host header");
  }
  const coding = headers["transfer-encoding"] ?? "chunked";
  if (coding.toLowerCase() !== "chunked") {
    return new HttpError(501, "BAD_REQUEST", "the transfer-encoding header must be chunked");
  }
  return undefined;
}
