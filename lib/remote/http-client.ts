import { Agent as HttpAgent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { isError } from "../base/brands.ts";
import { sendRequest } from "./http-request.ts";
import type { RemoteErrors } from "./remote-error.ts";
import { Watch } from "./watch.ts";

export interface HttpClientOptions {
  /** Without a slash at the end. */
  readonly base: string;
  readonly apiKey: string | undefined;
  readonly maxRetries: number;
  /** A remote that sends nothing useful for so long counts as gone. */
  readonly idleTimeoutMs: number;
  readonly errors: RemoteErrors;
}

// A remote that asks for more patience than this gets none.
const longestPauseMs = 30_000;
const firstPauseMs = 500;
/** Bytes of an answer that is not a stream, unless its request has reason to expect more. */
export const usualAnswer = 2 ** 20;
const longestErrorAnswer = 2 ** 16;
// A body that is not a stream must bring so much in one idle timeout, or its end.
const usefulBytes = 2 ** 14;
// Servers close idle connections after 5 seconds or later, so this side must do so first.
const keptMs = 4000;

/** Speaks HTTP with a remote engine; whatever fails is a CodeLlamaError. */
export class HttpClient {
  readonly errors: RemoteErrors;
  readonly #options: HttpClientOptions;
  readonly #agent: HttpAgent;

  constructor(options: HttpClientOptions) {
    this.errors = options.errors;
    this.#options = options;
    const Agent = options.base.startsWith("https:") ? HttpsAgent : HttpAgent;
    this.#agent = new Agent({ keepAlive: true, timeout: keptMs });
  }

  /** The watch of one exchange, which its caller ends. */
  watch(signal?: AbortSignal): Watch {
    const { idleTimeoutMs } = this.#options;
    const onIdle = () => this.errors.failed(`it has sent nothing for ${idleTimeoutMs / 1000} s`);
    return new Watch(idleTimeoutMs, onIdle, signal);
  }

  /** JSON, or undefined where there is no such route. */
  async find(path: string, watch: Watch): Promise<unknown> {
    const response = await this.#send(path, undefined, watch);
    if (response.statusCode === 404 || response.statusCode === 405) {
      response.destroy();
      return undefined;
    }
    return this.#json(path, await this.#good(response, watch), usualAnswer, watch);
  }

  /** @param longest - bytes of the answer */
  async post(path: string, json: string, watch: Watch, longest = usualAnswer): Promise<unknown> {
    const response = await this.#good(await this.#send(path, json, watch), watch);
    return this.#json(path, response, longest, watch);
  }

  /** The body of an answer of server-sent events. */
  async stream(path: string, json: string, watch: Watch): Promise<AsyncGenerator<Uint8Array>> {
    const response = await this.#good(await this.#send(path, json, watch), watch);
    const type = typeOf(response);
    if (type === "application/json") {
      // Some tell errors with status 200.
      throw this.errors.answered(await this.#json(path, response, usualAnswer, watch));
    }
    if (type !== "text/event-stream") {
      response.destroy();
      throw this.errors.failed(`${path} answers with ${this.#typeShown(type)}, not with events`);
    }
    return this.#chunks(response, watch);
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }

  /** Sends it, and once more where the remote turned it away before it did anything. */
  async #send(path: string, json: string | undefined, watch: Watch): Promise<IncomingMessage> {
    const { base, apiKey, maxRetries } = this.#options;
    const request = {
      method: json === undefined ? "GET" : "POST",
      headers: {
        accept: "application/json, text/event-stream",
        // A compressed answer could be any number of times larger than what comes over the wire.
        "accept-encoding": "identity",
        ...(json !== undefined && { "content-type": "application/json" }),
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body: json,
      agent: this.#agent,
    } as const;
    for (let attempt = 0; ; attempt++) {
      const response = await this.#caught(sendRequest(base + path, request, watch.signal), watch);
      watch.restart();
      const turnedAway = response.statusCode === 429 || response.statusCode === 503;
      const pause = pauseMs(response, attempt);
      if (!turnedAway || attempt >= maxRetries || pause > longestPauseMs) {
        return this.#plain(response);
      }
      response.destroy();
      watch.pause();
      await this.#caught(sleep(pause, undefined, { signal: watch.signal }), watch);
      watch.restart();
    }
  }

  #plain(response: IncomingMessage): IncomingMessage {
    const encoding = response.headers["content-encoding"] ?? "identity";
    if (encoding === "identity") return response;
    response.destroy();
    throw this.errors.failed(
      `its answer is encoded as ${this.errors.quote(encoding)}, which nobody asked for`,
    );
  }

  async #good(response: IncomingMessage, watch: Watch): Promise<IncomingMessage> {
    const { statusCode: status = 0 } = response;
    if (status >= 200 && status < 300) return response;
    if (status >= 300 && status < 400) {
      response.destroy();
      // A key is for the host that it was given for.
      throw this.errors.answered({ message: "it answers with a redirect" }, status);
    }
    const text = await this.#text(response, longestErrorAnswer, watch).catch(() => "");
    watch.signal.throwIfAborted();
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      body = { message: `it answers with ${this.#typeShown(typeOf(response))}` };
    }
    throw this.errors.answered(body, status);
  }

  async #json(
    path: string,
    response: IncomingMessage,
    longest: number,
    watch: Watch,
  ): Promise<unknown> {
    const type = typeOf(response);
    if (type !== "application/json") {
      response.destroy();
      throw this.errors.failed(
        `${path} answers with ${this.#typeShown(type)}, not with JSON; is it the right url?`,
      );
    }
    const text = await this.#text(response, longest, watch);
    try {
      return JSON.parse(text);
    } catch {
      throw this.errors.failed(`${path} answers with what is no JSON`);
    }
  }

  async #text(response: IncomingMessage, longest: number, watch: Watch): Promise<string> {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    const parts: string[] = [];
    let length = 0;
    let useful = usefulBytes;
    try {
      for await (const bytes of this.#chunks(response, watch)) {
        length += bytes.length;
        if (length > longest) throw this.errors.failed(`its answer has more than ${longest} bytes`);
        if (length >= useful) {
          useful = length + usefulBytes;
          watch.restart();
        }
        parts.push(decoder.decode(bytes, { stream: true }));
      }
      parts.push(decoder.decode());
    } catch (error) {
      throw isError(error) && error.name === "TypeError"
        ? this.errors.failed("its answer is not UTF-8")
        : error;
    }
    return parts.join("");
  }

  /** What comes, until it ends or the watch does. */
  async *#chunks(response: IncomingMessage, watch: Watch): AsyncGenerator<Uint8Array> {
    const chunks: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.#caught(chunks.next(), watch);
        if (done) return;
        yield value;
      }
    } finally {
      response.destroy();
    }
  }

  /** Fails with the watch's reason, or with what happened to the connection. */
  async #caught<Value>(work: Promise<Value>, watch: Watch): Promise<Value> {
    try {
      return await watch.race(work);
    } catch (error) {
      watch.signal.throwIfAborted();
      throw this.errors.broken(error);
    }
  }

  #typeShown(type: string): string {
    return type === "" ? "nothing" : this.errors.quote(type);
  }
}

function typeOf({ headers }: IncomingMessage): string {
  const [type = ""] = (headers["content-type"] ?? "").split(";");
  return type.trim().toLowerCase();
}

/** As `Retry-After` says, in seconds or as a date; else a pause that doubles. */
function pauseMs({ headers }: IncomingMessage, attempt: number): number {
  const asked = headers["retry-after"];
  if (asked === undefined) return firstPauseMs * 2 ** attempt;
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.now();
  return Number.isNaN(ms) ? firstPauseMs * 2 ** attempt : Math.max(0, ms);
}
