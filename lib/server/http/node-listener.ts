import type { IncomingMessage, ServerResponse } from "node:http";
import { types } from "node:util";
import { getRequestListener, RequestError } from "@hono/node-server";
import { callback, checkValue } from "../../options/check.ts";
import { bodyUsed, errorResponse, HttpError, toHttpError } from "./http-error.ts";
import { inTurn } from "./pipeline.ts";
import { problemOfHead } from "./request-head.ts";

/** Request of `node:http`, Express or Fastify. */
export type NodeRequest =
  | IncomingMessage
  | { readonly raw: IncomingMessage; readonly body?: unknown };

/** Response of `node:http` or Express, or reply of Fastify. */
export type NodeResponse = ServerResponse | { readonly raw: ServerResponse; hijack(): unknown };

/**
 * Adapts a handler to `node:http`, Express and Fastify: `app.use(nodeListener(handler))`, or
 * `app.all("/v1/*", nodeListener(handler))`. It accepts bodies that the framework has parsed. The
 * caller's server sets the time limits of connections. To stop: `server.close()`, then
 * `await handler.drain()`, then `server.closeAllConnections()`.
 */
export function nodeListener(
  handler: (request: Request) => Promise<Response>,
): (request: NodeRequest, response: NodeResponse) => void {
  checkValue(handler, callback, "nodeListener(): handler");
  // HTTP/1.0 requests, such as those of health checks, may have no Host header.
  const listen = getRequestListener(handler, { hostname: "localhost", errorHandler: refusal });
  const refuse = (error: HttpError) => getRequestListener(() => errorResponse(error));
  return (request, response) => {
    const incoming = "raw" in request ? request.raw : request;
    let outgoing: ServerResponse;
    if ("raw" in response) {
      response.hijack();
      outgoing = response.raw;
    } else {
      outgoing = response;
    }
    const isReadable = !incoming.readableDidRead || restoreBody(incoming, Object(request).body);
    const problem = problemOfHead(incoming) ?? (isReadable ? undefined : bodyUsed());
    const answer = problem === undefined ? listen : refuse(problem);
    inTurn(incoming, outgoing, () => void answer(incoming, outgoing));
  };
}

/** Answers a request that the adapter cannot read, for example one with a malformed host. */
function refusal(error: unknown): Response {
  const isRefused = error instanceof RequestError;
  return errorResponse(
    isRefused ? new HttpError(400, "BAD_REQUEST", error.message) : toHttpError(error),
  );
}

/** Puts a body that was already read where the adapter looks for it. Returns false if the body is lost. */
function restoreBody(incoming: IncomingMessage & { rawBody?: unknown }, body: unknown): boolean {
  if (incoming.method === "GET" || incoming.method === "HEAD") return true;
  if (types.isUint8Array(incoming.rawBody)) return true;
  const bytes = bytesOf(body);
  if (bytes === undefined) return false;
  incoming.rawBody = bytes;
  return true;
}

function bytesOf(body: unknown): Buffer | undefined {
  if (types.isUint8Array(body)) return Buffer.from(body);
  if (typeof body === "string") return Buffer.from(body);
  try {
    return Buffer.from(JSON.stringify(body));
  } catch {
    return undefined; // not JSON, or nested too deep
  }
}
