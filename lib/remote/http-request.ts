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
 * Sends one request and resolves with the head of the answer, for every status. An abort closes the
 * connection, before and after the head.
 *
 * Uses `node:http` instead of `fetch`: undici holds the listeners of a signal weakly, has its own
 * timeouts and decompresses without a bound.
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
      // The remote closed an idle connection while the request was on its way, so it never read the
      // request.
      const wasStale =
        request.reusedSocket && error.code === "ECONNRESET" && !hasAnswered && !signal.aborted;
      if (wasStale) resolve(sendRequest(url, { method, headers, body, agent }, signal));
      else reject(error);
    });
    request.on("response", (response) => {
      hasAnswered = true;
      // The reader of the body sees its errors. Without a reader they must not end the process.
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
