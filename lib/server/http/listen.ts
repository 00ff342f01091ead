import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { invalidArgument } from "../../base/arguments.ts";
import { isLoopback } from "../../base/loopback.ts";
import { CodeLlamaError } from "../../errors.ts";
import { boolean, callback, checkOptions, checkValue, integer, text } from "../../options/check.ts";
import { Connections } from "./connections.ts";
import type { Handler } from "./handler.ts";
import { errorResponse, HttpError } from "./http-error.ts";
import { nodeListener } from "./node-listener.ts";

/** Address of the server and its protection. */
export interface ListenOptions {
  /** Address or host name to bind. Default `"127.0.0.1"`. */
  readonly host?: string;
  /** Default 8080. 0 = any free port. */
  readonly port?: number;
  /** Whether the handler requires API keys: see `HandlerOptions.apiKeys`. Default false. */
  readonly hasKeys?: boolean;
  /** Allows an address that other machines can reach even without API keys. Default false. */
  readonly allowPublic?: boolean;
}

export interface RunningServer {
  /** For example `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly server: Server;
  /**
   * Drains the handler (see `Handler.drain`) and closes all connections: idle connections at once,
   * others after their answer, and all remaining ones at `deadlineMs` (default 30000).
   */
  close(deadlineMs?: number): Promise<void>;
}

// Milliseconds. Each phase of a connection has its own limit.
const timeLimits = {
  /** From a new connection or request to the end of the request headers. */
  headersTimeout: 10_000,
  /** From there to the end of the request body. */
  requestTimeout: 60_000,
  /** From an answer to the next request. */
  keepAliveTimeout: 65_000,
  /** While a client does not read an answer that waits for it. */
  timeout: 60_000,
};

const serverOptions = {
  connectionsCheckingInterval: 1000,
  // TCP keep-alive detects clients that vanish while they wait for a long answer.
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
};

/**
 * Serves a handler over `node:http`, with time limits for slow clients.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, also for a public address without API keys and for a
 *   port in use; the system's error if the port cannot be bound for another reason
 */
export async function listen(handler: Handler, given: ListenOptions = {}): Promise<RunningServer> {
  const where = "listen()";
  checkValue(handler, callback, `${where}: handler`);
  const rules = { host: text, port: integer(0, 65_535), hasKeys: boolean, allowPublic: boolean };
  const options = checkOptions(given, rules, where);
  const { host = "127.0.0.1", port = 8080, hasKeys = false, allowPublic = false } = options;
  const isLocal = isLoopback(host);
  if (!isLocal && !hasKeys && !allowPublic) {
    throw invalidArgument(
      `${where}: other machines can reach ${host} and there are no API keys: set apiKeys and hasKeys, ` +
        "bind 127.0.0.1, or set allowPublic",
    );
  }
  // A web page can point its own host name at this machine (DNS rebinding). Check the Host header.
  const guarded = isLocal && !hasKeys ? localOnly(handler) : handler;
  const server = createServer(serverOptions, nodeListener(guarded));
  Object.assign(server, timeLimits);
  const connections = new Connections(server);
  server.listen(port, host);
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EADDRINUSE"
      ? new CodeLlamaError(
          "INVALID_ARGUMENT",
          `${where}: port ${port} of ${host} is already in use`,
        )
      : error;
  });
  const { port: bound } = server.address() as AddressInfo;
  const close = async (deadlineMs = 30_000) => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    connections.finish();
    const deadline = performance.now() + deadlineMs;
    await handler.drain(deadlineMs);
    // Clients have until the deadline, or 200 ms if it has passed, to read their answers.
    const remainingMs = Math.max(deadline - performance.now(), 200);
    const cut = setTimeout(() => server.closeAllConnections(), remainingMs);
    await closed;
    clearTimeout(cut);
  };
  let closing: Promise<void> | undefined;
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return {
    url: `http://${name}:${bound}`,
    server,
    close(deadlineMs) {
      closing ??= close(deadlineMs);
      return closing;
    },
  };
}

function localOnly(handler: Handler): (request: Request) => Promise<Response> {
  return async (request) => {
    const { hostname } = new URL(request.url);
    // A fully qualified name may end in a dot.
    const bare = hostname.replace(/^\[|\]$|\.$/g, "");
    if (isLoopback(bare)) return handler(request);
    return errorResponse(
      new HttpError(
        403,
        "FORBIDDEN_HOST",
        `the Host header must name this machine (got ${hostname})`,
      ),
    );
  };
}
