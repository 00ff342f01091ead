import type { IncomingMessage, ServerResponse } from "node:http";
import { types } from "node:util";
import { getRequestListener } from "@hono/node-server";
import { callback, checkValue } from "../options/check.ts";
import { bodyUsed, errorBody } from "./http-error.ts";
import { inTurn } from "./pipeline.ts";

/** A request of `node:http` or Express, or Fastify's own. */
export type NodeRequest =
  | IncomingMessage
  | { readonly raw: IncomingMessage; readonly body?: unknown };

/** Its response, or Fastify's reply. */
export type NodeResponse = ServerResponse | { readonly raw: ServerResponse; hijack(): unknown };

/**
 * A handler for `node:http`, Express and Fastify: `app.use(nodeListener(handler))`, or
 * `app.all("/v1/*", nodeListener(handler))`. It takes bodies that the framework has parsed. The time
 * limits of connections are those of the caller's server. To end it: `server.close()`, then
 * `await handler.drain()`, then `server.closeAllConnections()`.
 */
export function nodeListener(
  handler: (request: Request) => Promise<Response>,
): (request: NodeRequest, response: NodeResponse) => void {
  checkValue(handler, callback, "nodeListener(): handler");
  // HTTP/1.0 has requests without a host, which health checks send.
  const listen = getRequestListener(handler, { hostname: "localhost" });
  const refuse = getRequestListener(() => {
    const error = bodyUsed();
    return Response.json(errorBody(error), { status: error.status });
  });
  return (request, response) => {
    const incoming = "raw" in request ? request.raw : request;
    let outgoing: ServerResponse;
    if ("raw" in response) {
      response.hijack();
      outgoing = response.raw;
    } else {
      outgoing = response;
    }
    const isReadable = !incoming.readableDidRead || giveBack(incoming, Object(request).body);
    inTurn(incoming, outgoing, () => void (isReadable ? listen : refuse)(incoming, outgoing));
  };
}

/** Puts a body that somebody has read where the adapter looks for it; false where it is lost. */
function giveBack(incoming: IncomingMessage & { rawBody?: unknown }, body: unknown): boolean {
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
    return undefined; // no JSON, or nested too deep
  }
}
