import { setTimeout as sleep } from "node:timers/promises";
import type { RemoteErrors } from "./remote-error.ts";

export interface HttpClientOptions {
  /** Without a slash at the end. */
  readonly base: string;
  readonly apiKey: string | undefined;
  readonly maxRetries: number;
  readonly errors: RemoteErrors;
}

// A remote that asks for more patience than this gets none.
const longestPauseMs = 30_000;
const firstPauseMs = 500;
// Of an answer that is not a stream.
const longestAnswer = 2 ** 28;
const longestErrorAnswer = 2 ** 16;

/** Speaks HTTP with a remote engine; whatever fails is a CodeLlamaError. */
export class HttpClient {
  readonly errors: RemoteErrors;
  readonly #options: HttpClientOptions;

  constructor(options: HttpClientOptions) {
    this.errors = options.errors;
    this.#options = options;
  }

  /** JSON, or undefined where there is no such route. */
  async find(path: string, signal: AbortSignal | undefined): Promise<unknown> {
    const response = await this.#send(path, undefined, signal);
    if (response.status === 404 || response.status === 405) {
      await response.body?.cancel();
      return undefined;
    }
    return this.#json(await this.#good(response), signal);
  }

  async post(path: string, body: object, signal: AbortSignal | undefined): Promise<unknown> {
    return this.#json(await this.#good(await this.#send(path, body, signal)), signal);
  }

  /** The body of an answer of server-sent events. */
  async stream(
    path: string,
    body: object,
    signal: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#good(await this.#send(path, body, signal));
    const type = typeOf(response);
    if (type === "application/json") {
      // Some tell errors with status 200.
      throw this.errors.answered(await this.#json(response, signal));
    }
    if (type !== "text/event-stream" || response.body === null) {
      await response.body?.cancel();
      throw this.errors.failed(`${path} answers with ${type || "nothing"}, not with events`);
    }
    return response.body;
  }

  /** Sends it, and once more where the remote turned it away before it did anything. */
  async #send(
    path: string,
    body: object | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const { base, apiKey, maxRetries } = this.#options;
    const init: RequestInit = {
      method: body === undefined ? "GET" : "POST",
      headers: {
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      // A key is for the host that it was given for.
      redirect: "error",
      signal: signal ?? null,
    };
    for (let attempt = 0; ; attempt++) {
      const response = await fetch(base + path, init).catch((error: unknown) => {
        signal?.throwIfAborted();
        throw this.errors.broken(error);
      });
      const turnedAway = response.status === 429 || response.status === 503;
      const pause = pauseMs(response, attempt);
      if (!turnedAway || attempt >= maxRetries || pause > longestPauseMs) return response;
      await response.body?.cancel();
      await sleep(pause, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
    }
  }

  async #good(response: Response): Promise<Response> {
    if (response.ok) return response;
    const text = await readText(response, longestErrorAnswer).catch(() => "");
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      body = { message: `it answers with ${typeOf(response) || "nothing"}` };
    }
    throw this.errors.answered(body, response.status);
  }

  async #json(response: Response, signal: AbortSignal | undefined): Promise<unknown> {
    const path = new URL(response.url).pathname;
    if (typeOf(response) !== "application/json") {
      await response.body?.cancel();
      throw this.errors.failed(
        `${path} answers with ${typeOf(response) || "nothing"}, not with JSON; is it the right url?`,
      );
    }
    const text = await readText(response, longestAnswer).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw this.errors.broken(error);
    });
    try {
      return JSON.parse(text);
    } catch {
      throw this.errors.failed(`${path} answers with what is no JSON`);
    }
  }
}

function typeOf(response: Response): string {
  const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
  return type.trim().toLowerCase();
}

/** As `Retry-After` says, in seconds or as a date; else a pause that doubles. */
function pauseMs(response: Response, attempt: number): number {
  const asked = response.headers.get("retry-after");
  if (asked === null) return firstPauseMs * 2 ** attempt;
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1000 : Date.parse(asked) - Date.now();
  return Number.isNaN(ms) ? firstPauseMs * 2 ** attempt : Math.max(0, ms);
}

async function readText(response: Response, limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > limit) throw new RangeError(`it has more than ${limit} characters`);
  }
  return text + decoder.decode();
}
