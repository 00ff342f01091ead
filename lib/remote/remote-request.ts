import type { Compiled, EngineCall } from "../engine/port.ts";
import { promptLength, type RequestOutcome, type RunningRequest } from "../engine/port.ts";
import type { FinishReason, NativeOutput, NativeTextStop } from "../native/binding.ts";
import { AnswerLimits } from "./answer-limits.ts";
import type { RemoteChunk, RemoteExchange, RemoteFacts, RemoteUsage } from "./dialects/dialect.ts";
import { readEvents } from "./event-reader.ts";
import type { HttpClient } from "./http-client.ts";
import { newStop } from "./local-stop.ts";
import type { Watch } from "./watch.ts";

const noUsage: RemoteUsage = { promptTokens: 0, cachedTokens: 0, completionTokens: 0 };

// Maximum characters of an event, without the part that repeats the request.
const longestEvent = 2 ** 18;
// Further characters of an event for each character of the request. Some servers repeat the prompt,
// its tokens as text, and the options.
const echo = 4;

/** One request to a remote server, from sending it to its last event. */
export class RemoteRequest implements RunningRequest {
  readonly outcome: Promise<RequestOutcome>;
  readonly #client: HttpClient;
  readonly #exchange: RemoteExchange;
  readonly #call: EngineCall;
  readonly #facts: RemoteFacts;
  readonly #onOutput: (output: NativeOutput) => void;
  readonly #watch: Watch;
  readonly #limits: AnswerLimits;
  readonly #started = performance.now();
  #firstAt: number | undefined;
  #tokens = 0;
  #usage = noUsage;
  #finish: RemoteChunk["finish"];
  /** Finish reason that this process decided, whatever the remote sends; undefined until then. */
  #ended: FinishReason | undefined;
  readonly #stop: NativeTextStop | undefined;
  /** The text that matched a stop condition in this process. */
  #stopString = "";
  /** Resolves when the reader has caught up. */
  #resumed: Promise<void> | undefined;
  #resume: () => void = () => {};

  constructor(
    client: HttpClient,
    exchange: RemoteExchange,
    call: EngineCall & Compiled,
    facts: RemoteFacts,
    onOutput: (output: NativeOutput) => void,
  ) {
    this.#client = client;
    this.#exchange = exchange;
    this.#call = call;
    this.#facts = facts;
    this.#onOutput = onOutput;
    this.#watch = client.watch();
    this.#stop = newStop(call);
    this.#limits = new AnswerLimits(call, facts.contextSize);
    this.outcome = this.#run();
  }

  cancel(): void {
    this.#end("abort");
  }

  /** Makes the request fail with this reason. */
  fail(reason: unknown): void {
    this.#watch.abort(reason);
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
      if (this.#ended === undefined) throw error;
    } finally {
      clearTimeout(timer);
      // Nothing that the remote would still send is needed.
      this.#watch.end();
    }
    const rest = this.#stop?.(null).text ?? "";
    if (rest !== "") this.#onOutput({ type: "text", id: 0, text: rest, tokens: [] });
    return this.#outcome();
  }

  async #work(): Promise<void> {
    const { path, body, streams, longestAnswer } = this.#exchange;
    const { errors } = this.#client;
    const json = JSON.stringify(body);
    if (!streams) {
      this.#take(await this.#client.post(path, json, this.#watch, longestAnswer));
      return;
    }
    const stream = this.#paced(await this.#client.stream(path, json, this.#watch));
    for await (const event of readEvents(stream, longestEvent + echo * json.length, errors)) {
      if (this.#ended !== undefined || this.#take(event)) return;
    }
    if (this.#finish === undefined) throw errors.failed("the answer ended without a finish reason");
  }

  /** Reads no faster than the consumer of the text, so that back-pressure reaches the remote. */
  async *#paced(stream: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const bytes of stream) {
      yield bytes;
      if (this.#resumed === undefined) continue;
      this.#watch.pause();
      await this.#watch.race(this.#resumed);
      this.#watch.restart();
    }
  }

  /** Processes one event. Returns whether it was the last one. */
  #take(event: unknown): boolean {
    const chunk = this.#exchange.read(event);
    if (chunk === undefined || !this.#isInVocabulary(chunk)) {
      throw this.#client.errors.failed(`${this.#exchange.path} returned an unexpected answer`);
    }
    if (!this.#limits.allow(chunk)) {
      this.#end("length");
      return true;
    }
    const { text, tokens, logprobs, promptLogprobs, embedding, finish, usage, hidden = 0 } = chunk;
    const brings = text !== "" || tokens.length > 0;
    if (brings) this.#firstAt ??= performance.now();
    // Events without content do not restart the idle timeout.
    if (brings || hidden > 0 || (finish !== undefined && this.#finish === undefined)) {
      this.#watch.restart();
    }
    this.#tokens += tokens.length;
    this.#usage = usage ?? this.#usage;
    this.#finish = finish ?? this.#finish;
    const id = 0;
    const stopped = this.#stop?.(text);
    if (embedding !== undefined) this.#onOutput({ type: "embedded", id, embedding });
    if (promptLogprobs !== undefined) {
      this.#onOutput({ type: "promptScored", id, logprobs: promptLogprobs });
    }
    const shown = stopped?.text ?? text;
    this.#onOutput({ type: "text", id, text: shown, tokens, ...(logprobs && { logprobs }) });
    if (stopped === undefined || stopped.matched === "") return chunk.isLast === true;
    this.#stopString = stopped.matched;
    this.#end("stop");
    return true;
  }

  #isInVocabulary({ tokens, logprobs = [] }: RemoteChunk): boolean {
    const { vocabularySize } = this.#facts;
    return (
      tokens.every((token) => token < vocabularySize) &&
      logprobs.every(({ token }) => token < vocabularySize)
    );
  }

  #end(reason: FinishReason): void {
    this.#ended ??= reason;
    this.#watch.abort(undefined);
  }

  #outcome(): RequestOutcome {
    const now = performance.now();
    const firstAt = this.#firstAt ?? now;
    const usage = this.#usage;
    const promptTokens = usage.promptTokens || promptLength(this.#call.prompt);
    return {
      finishReason: this.#ended ?? this.#finish?.reason ?? "stop",
      stopString:
        this.#stopString || (this.#ended === undefined ? (this.#finish?.stopString ?? "") : ""),
      droppedKeywords: this.#finish?.droppedKeywords,
      promptTokens,
      cachedTokens: Math.min(usage.cachedTokens, promptTokens),
      completionTokens: Math.min(usage.completionTokens || this.#tokens, this.#call.maxTokens),
      draftTokens: usage.draftTokens ?? 0,
      acceptedTokens: usage.acceptedTokens ?? 0,
      queuedMs: 0,
      prefillMs: firstAt - this.#started,
      decodeMs: now - firstAt,
    };
  }
}
