import type { NativeOutput } from "../binding.ts";
import { promptLength, type RunningRequest } from "../engine-port.ts";
import type { RequestOutcome } from "../engine-request.ts";
import type { EngineCall } from "../generation.ts";
import type { FinishReason } from "../result.ts";
import type { RemoteChunk, RemoteExchange, RemoteUsage } from "./dialects/dialect.ts";
import { readEvents } from "./event-reader.ts";
import type { HttpClient } from "./http-client.ts";

const noUsage: RemoteUsage = { promptTokens: 0, cachedTokens: 0, completionTokens: 0 };

/** One request at a remote engine, from its sending to its last event. */
export class RemoteRequest implements RunningRequest {
  readonly outcome: Promise<RequestOutcome>;
  readonly #client: HttpClient;
  readonly #exchange: RemoteExchange;
  readonly #call: EngineCall;
  readonly #idleTimeoutMs: number;
  readonly #onOutput: (output: NativeOutput) => void;
  readonly #connection = new AbortController();
  readonly #started = performance.now();
  #firstAt: number | undefined;
  #tokens = 0;
  #usage = noUsage;
  #finish: RemoteChunk["finish"];
  /** It ends so, whatever the remote does. */
  #ended: FinishReason | undefined;
  /** Resolves when the reader has caught up. */
  #resumed: Promise<void> | undefined;
  #resume: () => void = () => {};

  constructor(
    client: HttpClient,
    exchange: RemoteExchange,
    call: EngineCall,
    idleTimeoutMs: number,
    onOutput: (output: NativeOutput) => void,
  ) {
    this.#client = client;
    this.#exchange = exchange;
    this.#call = call;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#onOutput = onOutput;
    this.outcome = this.#run();
  }

  cancel(): void {
    this.#end("abort");
  }

  /** Fails it with that reason. */
  fail(reason: unknown): void {
    this.#connection.abort(reason);
    this.#resume();
  }

  setPaused(paused: boolean): void {
    if (!paused) {
      this.#resume();
      this.#resumed = undefined;
    } else if (this.#resumed === undefined) {
      this.#resumed = new Promise((resolve) => {
        this.#resume = resolve;
      });
    }
  }

  async #run(): Promise<RequestOutcome> {
    const { timeoutMs } = this.#call;
    const timer = timeoutMs && setTimeout(() => this.#end("timeout"), timeoutMs);
    try {
      await this.#work();
    } catch (error) {
      const { signal } = this.#connection;
      if (this.#ended === undefined) {
        throw signal.aborted ? signal.reason : this.#client.errors.broken(error);
      }
    } finally {
      clearTimeout(timer);
      // Whatever the remote would still send is of no use.
      this.#connection.abort();
    }
    return this.#outcome();
  }

  async #work(): Promise<void> {
    const { path, body, streams } = this.#exchange;
    const { signal } = this.#connection;
    if (!streams) {
      this.#take(await this.#client.post(path, body, signal));
      return;
    }
    const stream = await this.#client.stream(path, body, signal);
    for await (const event of readEvents(this.#paced(stream), this.#client.errors)) {
      if (this.#ended !== undefined || this.#take(event)) return;
    }
    if (this.#finish === undefined) {
      throw this.#client.errors.failed("the answer ended without saying why");
    }
  }

  /** Reads no faster than the reader of the text does, so that the remote has to wait too. */
  async *#paced(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    const reader = stream.getReader();
    try {
      for (;;) {
        await this.#resumed;
        const { done, value } = await this.#inTime(reader.read());
        if (done) return;
        yield value;
      }
    } finally {
      await reader.cancel().catch(() => {});
    }
  }

  async #inTime<Value>(work: Promise<Value>): Promise<Value> {
    const seconds = this.#idleTimeoutMs / 1000;
    const timer = setTimeout(() => {
      this.fail(this.#client.errors.failed(`it has sent nothing for ${seconds} s`));
    }, this.#idleTimeoutMs);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Takes an event; whether it was the last one. */
  #take(event: unknown): boolean {
    const chunk = this.#exchange.read(event);
    if (chunk === undefined) {
      throw this.#client.errors.failed(`${this.#exchange.path} answers in an unknown form`);
    }
    const { text, tokens, logprobs, promptLogprobs, embedding, finish, usage } = chunk;
    if (text !== "" || tokens.length > 0) this.#firstAt ??= performance.now();
    this.#tokens += tokens.length;
    this.#usage = usage ?? this.#usage;
    this.#finish = finish ?? this.#finish;
    const id = 0;
    if (embedding !== undefined) this.#onOutput({ type: "embedded", id, embedding });
    if (promptLogprobs !== undefined) {
      this.#onOutput({ type: "promptScored", id, logprobs: promptLogprobs });
    }
    this.#onOutput({ type: "text", id, text, tokens, ...(logprobs && { logprobs }) });
    return chunk.isLast === true;
  }

  #end(reason: FinishReason): void {
    this.#ended ??= reason;
    this.#connection.abort();
    this.#resume();
  }

  #outcome(): RequestOutcome {
    const now = performance.now();
    const firstAt = this.#firstAt ?? now;
    const usage = this.#usage;
    return {
      finishReason: this.#ended ?? this.#finish?.reason ?? "stop",
      stopString: this.#ended === undefined ? (this.#finish?.stopString ?? "") : "",
      promptTokens: usage.promptTokens || promptLength(this.#call.prompt),
      cachedTokens: usage.cachedTokens,
      completionTokens: usage.completionTokens || this.#tokens,
      draftTokens: usage.draftTokens ?? 0,
      acceptedTokens: usage.acceptedTokens ?? 0,
      queuedMs: 0,
      prefillMs: firstAt - this.#started,
      decodeMs: now - firstAt,
    };
  }
}
