import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { hostOf, isLoopback } from "../base/loopback.ts";
import { downloadFailed, plainAddress } from "./failure.ts";
import { proxyFor, routeOf } from "./proxy.ts";
import { Retries } from "./retry.ts";

export interface FetchRequest {
  readonly url: URL;
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the host of `url` and to no other host. */
  readonly token?: string | undefined;
  readonly signal: AbortSignal;
  /** Milliseconds without a byte after which the connection counts as broken. */
  readonly idleMs: number;
}

/** The answer after all redirects. */
export interface FetchAnswer {
  readonly response: IncomingMessage;
  readonly url: URL;
  /** Headers of the first answer, which comes from the hub itself and not from its file store. */
  readonly hubHeaders: IncomingHttpHeaders;
}

/** Makes the error for a status that is not a success. */
export type Refusal = (status: number, headers: IncomingHttpHeaders) => Error;

// Python's hub follows 5, browsers follow 20.
const mostRedirects = 10;

/**
 * Sends a request and follows redirects. The token goes only to the first host. A redirect to http:// is
 * refused unless the request began there. Resolves with the head of the answer, for every status.
 * @throws CodeLlamaError `DOWNLOAD_FAILED`; the signal's reason
 */
export async function fetchUrl(request: FetchRequest): Promise<FetchAnswer> {
  let { url } = request;
  let hubHeaders: IncomingHttpHeaders | undefined;
  for (let redirects = 0; redirects <= mostRedirects; redirects++) {
    const mayHaveToken = url.origin === request.url.origin;
    const response = await send(url, request, mayHaveToken ? request.token : undefined);
    hubHeaders ??= response.headers;
    const { statusCode: status = 0 } = response;
    const location = response.headers.location;
    if (![301, 302, 303, 307, 308].includes(status) || location === undefined) {
      return { response, url, hubHeaders };
    }
    response.destroy();
    url = redirected(url, location, request.url);
  }
  throw downloadFailed(
    `${plainAddress(request.url)} redirects more than ${mostRedirects} times; check HF_ENDPOINT or the URL`,
  );
}

function redirected(from: URL, location: string, first: URL): URL {
  const where = plainAddress(from);
  if (!URL.canParse(location, from.href)) {
    throw downloadFailed(`${where} redirects to an address that is not a URL`);
  }
  const url = new URL(location, from);
  // A hub on this machine may redirect within this machine, but nowhere else without encryption.
  const isEncrypted = url.protocol === "https:";
  const isHere = isLoopback(hostOf(url)) && isLoopback(hostOf(first));
  const isSameHost = url.protocol === "http:" && url.origin === first.origin;
  if (isEncrypted || (url.protocol === "http:" && isHere) || isSameHost) return url;
  throw downloadFailed(
    `${where} redirects to ${url.protocol}//${url.host}, which is not an https:// address`,
  );
}

async function send(
  url: URL,
  { method = "GET", headers, signal, idleMs }: FetchRequest,
  token: string | undefined,
): Promise<IncomingMessage> {
  signal.throwIfAborted();
  const route = await routeOf(url, proxyFor(url), signal, idleMs);
  const options: RequestOptions = {
    ...route,
    method,
    signal,
    headers: {
      ...route.headers,
      "user-agent": "node-codellama",
      // A hash is of the bytes as they are stored.
      "accept-encoding": "identity",
      ...headers,
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  };
  return new Promise((resolve, reject) => {
    const request = url.protocol === "https:" ? httpsRequest(options) : httpRequest(options);
    request.setTimeout(idleMs, () =>
      request.destroy(new Error(`no data for ${idleMs / 1000} seconds`)),
    );
    request.on("error", (cause) => {
      reject(signal.aborted ? signal.reason : unreachable(url, cause));
    });
    request.on("response", (response) => {
      // The reader of the body sees its errors. Without a reader they must not end the process.
      response.on("error", () => {});
      resolve(response);
    });
    request.end();
  });
}

function unreachable(url: URL, cause: NodeJS.ErrnoException): Error {
  const advice =
    cause.code === "ENOTFOUND" || cause.code === "EAI_AGAIN"
      ? "; check the network, and HTTPS_PROXY if there is a proxy"
      : "";
  // Some errors of several addresses have an empty message.
  const reason = cause.message || cause.code || "the connection failed";
  return downloadFailed(`${url.host} cannot be reached: ${reason}${advice}`, {
    cause,
    retry: { afterMs: undefined },
  });
}

/**
 * Fetches JSON. Repeats a request that fails for a passing reason.
 * @param longest - maximum number of bytes
 * @throws CodeLlamaError `DOWNLOAD_FAILED`; what `refusal` returns; the signal's reason
 */
export function fetchJson(
  request: FetchRequest,
  longest: number,
  firstPauseMs: number,
  refusal: Refusal,
): Promise<unknown> {
  return new Retries(firstPauseMs, request.signal).run(async () => {
    const answer = await fetchUrl(request);
    const { statusCode: status = 0, headers } = answer.response;
    if (status !== 200) {
      answer.response.destroy();
      throw refusal(status, headers);
    }
    return readJson(answer, longest, request.signal);
  });
}

async function readJson(
  { response, url }: FetchAnswer,
  longest: number,
  signal: AbortSignal,
): Promise<unknown> {
  const where = plainAddress(url);
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      length += chunk.length;
      if (length > longest) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    signal.throwIfAborted();
    const retry = { afterMs: undefined };
    throw downloadFailed(`${where} broke off its answer`, { cause, retry });
  }
  if (length > longest) {
    throw downloadFailed(`${where} answered with more than ${longest} bytes`);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    throw downloadFailed(`${where} did not answer with JSON; check HF_ENDPOINT`);
  }
}
