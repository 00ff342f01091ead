import { readArgument } from "../../base/arguments.ts";
import type { CodeLlama, TokenizeOptions } from "../../codellama.ts";
import type { EngineState } from "../../engine/port.ts";
import type { ComputeOptions } from "../../options/shared.ts";
import { eventStream } from "../http/event-stream.ts";
import { HttpError, toHttpError } from "../http/http-error.ts";
import { slicedAnswer } from "../http/sliced-answer.ts";
import { WorkQueue } from "../http/work-queue.ts";
import { failsafeLogger, type Logger } from "../observability/logger.ts";
import { Metrics } from "../observability/metrics.ts";
import { Tracing } from "../observability/tracing.ts";
import { Authentication } from "./authentication.ts";
import { Exchange, type Warning } from "./exchange.ts";
import { checkModel, type HandlerOptions } from "./options.ts";

// Time for requests that are aborted at the deadline: the engine finishes its current step first.
const abortGraceMs = 2000;

// UTF-16 units. Tokenizing a longer text takes seconds, and only a few threads do it.
const longestConcurrentText = 2 ** 20;

export type ServiceState = "loading" | "draining" | EngineState;

/** State that all routes share: the model, the running requests and their observers. */
export class Service {
  readonly options: HandlerOptions;
  readonly authentication: Authentication;
  readonly metrics: Metrics;
  readonly maxBodyBytes: number;
  readonly logger: Logger | undefined;
  /** Creation time of the model in OpenAI's API, in seconds since 1970. */
  readonly createdAt = Math.floor(Date.now() / 1000);
  readonly #tracing = new Tracing();
  readonly #exchanges = new Set<Exchange>();
  readonly #warned = new Set<string>();
  readonly #longTexts = new WorkQueue();
  #llama: CodeLlama | undefined;
  #failure: unknown;
  #draining = false;
  /** Called when no exchange is running any more. */
  readonly #idleListeners: (() => void)[] = [];

  constructor(llama: CodeLlama | PromiseLike<CodeLlama>, options: HandlerOptions) {
    this.options = options;
    this.authentication = new Authentication(options.apiKeys ?? []);
    this.maxBodyBytes = options.maxBodyBytes ?? 8 * 2 ** 20;
    this.logger = options.logger && failsafeLogger(options.logger);
    this.metrics = new Metrics(() => this.#stats());
    if (readArgument("createHandler(): llama", () => isPromise(llama))) {
      Promise.resolve(llama)
        .then((loaded) => {
          checkModel(loaded);
          this.#llama = loaded;
        })
        .then(undefined, (error: unknown) => {
          this.#failure = error ?? new Error("the model could not be loaded");
        });
    } else {
      checkModel(llama);
      this.#llama = llama as CodeLlama;
    }
  }

  get state(): ServiceState {
    if (this.#draining) return "draining";
    if (this.#failure !== undefined) return "failed";
    return this.#llama === undefined ? "loading" : this.#llama.state;
  }

  /** @throws HttpError 503 while the model loads, if it failed to load, or if the engine has stopped */
  get llama(): CodeLlama {
    if (this.#llama !== undefined) {
      const { state } = this.#llama;
      if (state === "ready") return this.#llama;
      throw new HttpError(503, "CLOSED", `the engine has stopped (${state})`);
    }
    if (this.#failure !== undefined) throw loadFailure(this.#failure);
    throw new HttpError(503, "MODEL_LOADING", "the model is loading; try again soon", {
      headers: { "retry-after": "2" },
    });
  }

  get modelName(): string {
    return this.options.modelName ?? (this.#llama?.model.name || "codellama");
  }

  /** @throws HttpError 404 if the requested model is not the served one */
  checkModel(requested: string | null | undefined): void {
    const names = [this.modelName, ...(this.options.aliases ?? [])];
    if (requested == null || requested === "" || names.includes(requested)) return;
    if (names.includes("*")) return;
    throw new HttpError(
      404,
      "UNKNOWN_MODEL",
      `model must be one of ${names.join(", ")} (got ${show(requested)})`,
      {
        field: "model",
      },
    );
  }

  /** Tokenizes a text. Very long texts wait for each other, so that they do not delay shorter ones. */
  tokenize(exchange: Exchange, text: string, options: TokenizeOptions = {}): Promise<Int32Array> {
    const { signal } = exchange.controller();
    const work = () => this.llama.tokenizeLong(text, { ...options, signal });
    if (text.length <= longestConcurrentText) return work();
    return this.#longTexts.run(signal, work);
  }

  /** Limits that the operator sets for every call to the model, as options of the call. */
  get limits(): Pick<ComputeOptions, "maxPromptTokens"> {
    const { maxPromptTokens } = this.options;
    return maxPromptTokens === undefined ? {} : { maxPromptTokens };
  }

  /**
   * Admits a request.
   * @throws HttpError 401, 429, 503
   */
  open(exchange: Exchange, headers: Headers): void {
    this.#tracing.start(exchange, headers);
    if (this.#draining) throw shuttingDown();
    exchange.keyName = this.authentication.nameOf(headers);
    // Clients at their limit may still read the state of the server.
    if (exchange.method !== "POST") return;
    const limit = this.options.maxConcurrentPerKey ?? Number.POSITIVE_INFINITY;
    const running = [...this.#exchanges].filter(({ keyName }) => keyName === exchange.keyName);
    if (running.length >= limit) {
      throw new HttpError(
        429,
        "TOO_MANY_REQUESTS",
        `an API key may have at most ${limit} concurrent requests`,
        { headers: { "retry-after": "1" } },
      );
    }
    this.#exchanges.add(exchange);
  }

  exchange(request: Request, path: string): Exchange {
    return new Exchange(request, path, (ended) => this.#close(ended));
  }

  /** Reports a warning to the client in a header, and to the log the first time. */
  warn(exchange: Exchange, { code, message }: Warning): void {
    exchange.warnings.add(code);
    if (this.#warned.has(code)) return;
    this.#warned.add(code);
    this.logger?.warn({ requestId: exchange.id, code }, message);
  }

  /** Answers with server-sent events and keeps the exchange open until they end. */
  async stream(exchange: Exchange, events: AsyncIterable<string>): Promise<Response> {
    const response = await eventStream(events, {
      heartbeatMs: this.options.heartbeatMs ?? 15_000,
      signal: exchange.controller().signal,
      onEnd: (error) => exchange.end(200, error === undefined ? undefined : toHttpError(error)),
    });
    exchange.streams = true;
    return response;
  }

  /** Answers with JSON. A long answer keeps the exchange open until the client has read it. */
  json(exchange: Exchange, value: unknown): Promise<Response> {
    return slicedAnswer(value, {
      signal: exchange.controller().signal,
      onStream: () => {
        exchange.streams = true;
      },
      onEnd: (error) => exchange.end(200, error === undefined ? undefined : toHttpError(error)),
    });
  }

  /** Refuses new requests. Resolves when the running ones have ended. Aborts them at the deadline. */
  async drain(deadlineMs: number): Promise<void> {
    this.#draining = true;
    const idle = new Promise<void>((resolve) => {
      if (this.#exchanges.size === 0) resolve();
      else this.#idleListeners.push(resolve);
    });
    if (await resolvesWithin(idle, deadlineMs)) return;
    for (const exchange of this.#exchanges) exchange.abort(shuttingDown());
    await resolvesWithin(idle, abortGraceMs);
  }

  #close(exchange: Exchange): void {
    this.#exchanges.delete(exchange);
    if (this.#exchanges.size === 0) for (const listener of this.#idleListeners) listener();
    this.metrics.count(exchange);
    this.#tracing.end(exchange, this.modelName);
    this.#log(exchange);
  }

  #log(exchange: Exchange): void {
    const { logger } = this;
    if (logger === undefined) return;
    const { id, method, path, status, keyName, operation, error } = exchange;
    const fields = {
      requestId: id,
      method,
      path,
      status,
      key: keyName,
      durationMs: Math.round(exchange.durationMs),
      ...(operation && {
        operation: operation.name,
        promptTokens: exchange.promptTokens,
        cachedTokens: exchange.cachedTokens,
        completionTokens: exchange.completionTokens,
        timeToFirstTokenMs: exchange.timeToFirstTokenMs,
        finishReasons: exchange.finishReasons,
      }),
      ...(error && { code: error.code }),
    };
    // 503 is normal while the model loads and while the server shuts down.
    if (status >= 500 && status !== 503) logger.error(fields, "request failed");
    // A status without an error is not a refusal: /health answers 503 while the model loads.
    else if (status >= 400 && error !== undefined) logger.warn(fields, "request refused");
    else logger.info(fields, "request");
  }

  #stats() {
    try {
      return this.#llama?.stats();
    } catch {
      return undefined; // closed
    }
  }
}

function shuttingDown(): HttpError {
  return new HttpError(503, "SHUTTING_DOWN", "the server is shutting down", {
    headers: { "retry-after": "5", connection: "close" },
  });
}

/** Whether a promise resolves within some milliseconds. */
async function resolvesWithin(promise: Promise<void>, milliseconds: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const ended = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return ended;
}

function isPromise<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof (Object(value) as Partial<PromiseLike<Value>>).then === "function";
}

/** Error for a model that failed to load. Always a 5xx status: the client is not at fault. */
function loadFailure(error: unknown): HttpError {
  const failure = toHttpError(error);
  return failure.status >= 500 ? failure : new HttpError(503, failure.code, failure.message);
}

function show(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
