import { Agent as HttpAgent, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { isError } from "../base/brands.ts";
import { retryAfterMs } from "../base/retry-after.ts";
import { sendRequest } from "./http-request.ts";
import type { RemoteErrors } from "./remote-error.ts";
import { Watch } from "./watch.ts";

export interface HttpClientOptions {
  /** URL without a trailing slash. */
  readonly base: string;
  readonly apiKey: string | undefined;
  readonly maxRetries: number;
  /** An exchange fails if the remote sends nothing useful for this time. */
  readonly idleTimeoutMs: number;
  readonly errors: RemoteErrors;
}

// A request is not repeated if the remote asks for a longer pause.
const longestPauseMs = 30_000;
const firstPauseMs = 500;
/** Default maximum bytes of an answer that is not a stream. */
export const usualAnswer = 2 ** 20;
const longestErrorAnswer = 2 ** 16;
// A body that is not a stream must bring this many bytes, or end, within one idle timeout.
const usefulBytes = 2 ** 14;
// Servers close idle connections after 5 seconds or later. This side must close them earlier.
const keptMs = 4000;

/** HTTP client of a remote engine. Every failure is a CodeLlamaError. */
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

  /** Starts the watch of one exchange. The caller must end it. */
  watch(signal?: AbortSignal): Watch {
    const { idleTimeoutMs } = this.#options;
    const onIdle = () =>
      this.errors.failed(`the server sent no data for ${idleTimeoutMs / 1000} s`);
    return new Watch(idleTimeoutMs, onIdle, signal);
  }

  /** Returns the JSON at `path`; undefined if the route does not exist. */
  async find(path: string, watch: Watch): Promise<unknown> {
    const response = await this.#send(path, undefined, watch);
    if (response.statusCode === 404 || response.statusCode === 405) {
      response.destroy();
      return undefined;
    }
    return this.#json(path, await this.#requireSuccess(response, watch), usualAnswer, watch);
  }

  /** @param longest - maximum bytes of the answer */
  async post(path: string, json: string, watch: Watch, longest = usualAnswer): Promise<unknown> {
    const response = await this.#requireSuccess(await this.#send(path, json, watch), watch);
    return this.#json(path, response, longest, watch);
  }

  /** Returns the body of an answer of server-sent events. */
  async stream(path: string, json: string, watch: Watch): Promise<AsyncGenerator<Uint8Array>> {
    const response = await this.#requireSuccess(await this.#send(path, json, watch), watch);
    const type = typeOf(response);
    if (type === "application/json") {
      // Some servers report errors with status 200.
      throw this.errors.answered(await this.#json(path, response, usualAnswer, watch));
    }
    if (type !== "text/event-stream") {
      response.destroy();
      throw this.errors.failed(
        `${path} returned ${this.#quoteType(type)} instead of an event stream`,
      );
    }
    return this.#chunks(response, watch);
  }

  /** Closes the idle connections. */
  close(): void {
    this.#agent.destroy();
  }

  /** Sends a request, and repeats it while the remote answers 429 or 503. */
  async #send(path: string, json: string | undefined, watch: Watch): Promise<IncomingMessage> {
    const { base, apiKey, maxRetries } = this.#options;
    const request = {
      method: json === undefined ? "GET" : "POST",
      headers: {
        accept: "application/json, text/event-stream",
        // A compressed answer could grow without a bound when it is decompressed.
        "accept-encoding": "identity",
        ...(json !== undefined && { "content-type": "application/json" }),
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      body: json,
      agent: this.#agent,
    } as const;
    for (let attempt = 0; ; attempt++) {
      const response = await this.#guard(sendRequest(base + path, request, watch.signal), watch);
      watch.restart();
      const isBusy = response.statusCode === 429 || response.statusCode === 503;
      const pause = pauseMs(response, attempt);
      if (!isBusy || attempt >= maxRetries || pause > longestPauseMs) {
        return this.#requireUncompressed(response);
      }
      response.destroy();
      watch.pause();
      await this.#guard(sleep(pause, undefined, { signal: watch.signal }), watch);
      watch.restart();
    }
  }

  #requireUncompressed(response: IncomingMessage): IncomingMessage {
    const encoding = response.headers["content-encoding"] ?? "identity";
    if (encoding === "identity") return response;
    response.destroy();
    throw this.errors.failed(
      `the answer must not be compressed (got content-encoding ${this.errors.quote(encoding)})`,
    );
  }

  async #requireSuccess(response: IncomingMessage, watch: Watch): Promise<IncomingMessage> {
    const { statusCode: status = 0 } = response;
    if (status >= 200 && status < 300) return response;
    if (status >= 300 && status < 400) {
      response.destroy();
      // Following the redirect could send the key to another host.
      throw this.errors.answered({ message: "the server answered with a redirect" }, status);
    }
    const text = await this.#text(response, longestErrorAnswer, watch).catch(() => "");
    watch.signal.throwIfAborted();
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      body = { message: `the server answered with ${this.#quoteType(typeOf(response))}` };
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
        `${path} returned ${this.#quoteType(type)} instead of JSON; check the url`,
      );
    }
    const text = await this.#text(response, longest, watch);
    try {
      return JSON.parse(text);
    } catch {
      throw this.errors.failed(`${path} returned invalid JSON`);
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
        if (length > longest) {
          throw this.errors.failed(`the answer has more than ${longest} bytes`);
        }
        if (length >= useful) {
          useful = length + usefulBytes;
          watch.restart();
        }
        parts.push(decoder.decode(bytes, { stream: true }));
      }
      parts.push(decoder.decode());
    } catch (error) {
      throw isError(error) && error.name === "TypeError"
        ? this.errors.failed("the answer is not UTF-8")
        : error;
    }
    return parts.join("");
  }

  /** Yields the bytes of the answer until it ends or the watch aborts. */
  async *#chunks(response: IncomingMessage, watch: Watch): AsyncGenerator<Uint8Array> {
    const chunks: AsyncIterator<Uint8Array> = response[Symbol.asyncIterator]();
    try {
      for (;;) {
        const { done, value } = await this.#guard(chunks.next(), watch);
        if (done) return;
        yield value;
      }
    } finally {
      response.destroy();
    }
  }

  /** Awaits `work`. Rejects with the watch's reason, or with an error about the connection. */
  async #guard<Value>(work: Promise<Value>, watch: Watch): Promise<Value> {
    try {
      return await watch.race(work);
    } catch (error) {
      watch.signal.throwIfAborted();
      throw this.errors.broken(error);
    }
  }

  #quoteType(type: string): string {
    return type === "" ? "no content type" : this.errors.quote(type);
  }
}

function typeOf({ headers }: IncomingMessage): string {
  const [type = ""] = (headers["content-type"] ?? "").split(";");
  return type.trim().toLowerCase();
}

/** The pause that `Retry-After` names, in seconds or as a date. Otherwise it doubles each time. */
function pauseMs({ headers }: IncomingMessage, attempt: number): number {
  return retryAfterMs(headers["retry-after"]) ?? firstPauseMs * 2 ** attempt;
}
