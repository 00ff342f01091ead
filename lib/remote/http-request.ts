import {
  type Agent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { addAbortListener, removeAbortListener } from "../base/abort-listeners.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly agent: Agent;
}

/**
 * Sends one request; resolves with the head of the answer, whatever its status. An abort closes the
 * connection, before the head and after it.
 *
 * This is `node:http` and not `fetch`: undici holds what listens to a signal weakly, has timeouts of
 * its own and decompresses without a bound.
 */
export function sendRequest(
  url: string,
  { method, headers, body, agent }: HttpRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const options: RequestOptions = { method, headers, agent };
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const request = url.startsWith("https:")
      ? httpsRequest(url, options)
      : httpRequest(url, options);
    const onAbort = () => {
      reject(signal.reason);
      request.destroy();
    };
    addAbortListener(signal, onAbort);
    let hasAnswered = false;
    request.on("error", (error: NodeJS.ErrnoException) => {
      // The remote closed a kept connection while the request was on its way: it never saw it.
      const wasStale =
        request.reusedSocket && error.code === "ECONNRESET" && !hasAnswered && !signal.aborted;
      if (wasStale) resolve(sendRequest(url, { method, headers, body, agent }, signal));
      else reject(error);
    });
    request.on("response", (response) => {
      hasAnswered = true;
      // Whoever reads the body sees its errors; a body that nobody reads must not end the process.
      response.on("error", () => {});
      resolve(response);
    });
    request.on("close", () => {
      removeAbortListener(signal, onAbort);
      reject(new Error("the connection was closed without an answer"));
    });
    request.end(body);
  });
}
