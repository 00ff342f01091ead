import type { IncomingMessage } from "node:http";
import { HttpError } from "./http-error.ts";

/**
 * What is wrong with a request's head, if anything is. Node.js takes the first of two hosts, where a
 * proxy may have looked at the last, and gives the bytes of a compressed body as they are.
 */
export function problemOfHead({ headers, rawHeaders }: IncomingMessage): HttpError | undefined {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  if (names.filter((name) => name.toLowerCase() === "host").length > 1) {
    return new HttpError(400, "BAD_REQUEST", "the request has more than one Host header");
  }
  const coding = headers["transfer-encoding"] ?? "chunked";
  if (coding.toLowerCase() !== "chunked") {
    return new HttpError(501, "BAD_REQUEST", "transfer-encoding must be chunked");
  }
  return undefined;
}
