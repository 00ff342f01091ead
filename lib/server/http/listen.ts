import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { invalidArgument } from "../../base/arguments.ts";
import { CodeLlamaError } from "../../errors.ts";
import { boolean, callback, checkOptions, checkValue, integer, text } from "../../options/check.ts";
import { Connections } from "./connections.ts";
import type { Handler } from "./handler.ts";
import { errorResponse, HttpError } from "./http-error.ts";
import { isLoopback } from "./loopback.ts";
import { nodeListener } from "./node-listener.ts";

/** Where to serve. */
export interface ListenOptions {
  /** Address or name to bind. Default `"127.0.0.1"`. */
  readonly host?: string;
  /** Default 8080; 0 is any that is free. */
  readonly port?: number;
  /** Whether clients have to show a key: see `HandlerOptions.apiKeys`. Default false. */
  readonly hasKeys?: boolean;
  /** Binds an address that others can reach even without keys. Default false. */
  readonly allowPublic?: boolean;
}

export interface RunningServer {
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly server: Server;
  /**
   * Drains the handler, as `Handler.drain` says, and closes all connections: idle ones at once, the
   * others after their answer, and at `deadlineMs` (default 30000) whatever is left.
   */
  close(deadlineMs?: number): Promise<void>;
}

// Milliseconds. Each phase of a connection has its limit.
const timeLimits = {
  /** From a new connection or a new request to the end of its headers. */
  headersTimeout: 10_000,
  /** To the end of its body. */
  requestTimeout: 60_000,
  /** Between an answer and the next request. */
  keepAliveTimeout: 65_000,
  /** For which a client takes nothing of an answer that waits for it. */
  timeout: 60_000,
};

const serverOptions = {
  connectionsCheckingInterval: 1000,
  // Finds out about peers that vanished while they wait for a long answer.
  keepAlive: true,
  keepAliveInitialDelay: 30_000,
};

/**
 * Serves a handler by `node:http`, with time limits for clients that dawdle.
 * @throws CodeLlamaError `INVALID_ARGUMENT`, for a public address without keys too; the error of a
 *   port that cannot be had
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
      `${where}: ${host} can be reached by others, and there are no API keys: give some, bind ` +
        "127.0.0.1, or say that you mean it (allowPublic)",
    );
  }
  // Pages of other sites could otherwise have their own name resolve to this machine.
  const guarded = isLocal && !hasKeys ? localOnly(handler) : handler;
  const server = createServer(serverOptions, nodeListener(guarded));
  Object.assign(server, timeLimits);
  const connections = new Connections(server);
  server.listen(port, host);
  await once(server, "listening").catch((error: NodeJS.ErrnoException) => {
    throw error.code === "EADDRINUSE"
      ? new CodeLlamaError("INVALID_ARGUMENT", `${where}: port ${port} of ${host} is taken already`)
      : error;
  });
  const { port: bound } = server.address() as AddressInfo;
  const close = async (deadlineMs = 30_000) => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    connections.finish();
    const deadline = performance.now() + deadlineMs;
    await handler.drain(deadlineMs);
    // Clients get until the deadline, and a moment after it, to take their answers.
    const rest = Math.max(deadline - performance.now(), 200);
    const cut = setTimeout(() => server.closeAllConnections(), rest);
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
    // A name may end in a dot, as DNS writes them out.
    const bare = hostname.replace(/^\[|\]$|\.$/g, "");
    if (isLoopback(bare)) return handler(request);
    return errorResponse(new HttpError(403, "FORBIDDEN_HOST", `this server is not ${hostname}`));
  };
}
