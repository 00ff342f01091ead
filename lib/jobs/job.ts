import { types } from "node:util";
import {
  addAbortListener,
  reasonOf,
  removeAbortListener,
  throwIfAborted,
} from "../base/abort-listeners.ts";
import { endedEarly } from "../base/early-end.ts";
import { RequestOutput } from "../engine/output.ts";
import {
  type EngineCall,
  type EnginePort,
  type EnginePrompt,
  type PreparedPrompt,
  promptLength,
  type RunningRequest,
  type TextFilter,
} from "../engine/port.ts";
import { CodeLlamaError } from "../errors.ts";
import { type Chunk, type RequestResult, toResult } from "../result.ts";
import { ChunkQueue } from "./chunk-queue.ts";
import { Preparation, type Prepared } from "./preparation.ts";

/** A request whose prompt the job encodes first. The time limit is the job's. */
export type RequestCall = Omit<EngineCall, "prompt" | "timeoutMs"> & {
  readonly prompt: EnginePrompt | PreparedPrompt;
};

/** Runs one request to its end. The filter changes the text of its answer. */
export type RunRequest = (
  call: RequestCall,
  newFilter?: (() => TextFilter) | undefined,
) => Promise<RequestResult>;

/** What a script can do in its job. */
export interface JobContext {
  /** Runs a request and passes its text to the reader as answer `index`. */
  readonly stream: (index: number) => RunRequest;
  /** Runs a request whose text the reader does not see. */
  readonly compute: RunRequest;
  /** Passes a chunk to the reader. */
  readonly show: (chunk: Chunk) => void;
}

/** The work of a job: one or more requests, in any order. */
export type Script<Result> = (context: JobContext) => Promise<Result>;

export interface JobOptions {
  /** Ends the job, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds from the job's start to the end of its last request. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** A longer prompt rejects with `CONTEXT_OVERFLOW`. Default: no limit but the context window. */
  readonly maxPromptTokens?: number | undefined;
}

/**
 * Work on an engine: runs the requests of a script, and yields chunks and a result. The job starts
 * when it is created. A slow reader pauses only the requests of its own job.
 */
export class Job<Result> {
  readonly #startedAt = performance.now();
  readonly #engine: EnginePort;
  readonly #options: JobOptions;
  readonly #requests = new Set<RunningRequest>();
  readonly #preparation = new Preparation();
  /** Each prompt is encoded once, however many requests share it. */
  readonly #encoded = new WeakMap<PreparedPrompt, EnginePrompt | Promise<EnginePrompt>>();
  readonly #queue = new ChunkQueue((paused) => this.#setPaused(paused));
  #paused = false;
  #settled = false;
  #rejectEarly: (reason: unknown) => void = () => {};

  /** The result. Waiting for it does not resume a paused job; see `wholeResult`. */
  readonly result: Promise<Result>;

  constructor(engine: EnginePort, options: JobOptions, script: Script<Result>) {
    this.#engine = engine;
    this.#options = options;
    this.result = this.#run(script);
    // A reader that only takes the chunks sees the failure there.
    this.result.catch(() => {});
  }

  /** The text so far of the first answer. */
  get text(): string {
    return this.#queue.text;
  }

  /** The result. The job continues even if the reader of the chunks is slow. */
  wholeResult(): Promise<Result> {
    this.#queue.removeLimit();
    return this.result;
  }

  /**
   * Returns the chunks, once. The generator's `return()` and `throw()` cancel the job at once, even before
   * the first `next()` and during a pending one.
   */
  chunks(): AsyncGenerator<Chunk, void, undefined> {
    return endedEarly(this.#queue.read(), () => this.cancel());
  }

  /** Ends the requests; the result holds what they generated so far. Does nothing after the end. */
  cancel(): void {
    if (this.#settled) return;
    this.#preparation.cancel();
    for (const request of this.#requests) request.cancel();
  }

  readonly #onAbort = () => {
    this.cancel();
    const { signal } = this.#options;
    // A running request ends with its own outcome, when the engine has released it.
    if (signal !== undefined && this.#requests.size === 0) this.#rejectEarly(reasonOf(signal));
  };

  async #run(script: Script<Result>): Promise<Result> {
    const { signal } = this.#options;
    let failure: { readonly reason: unknown } | undefined;
    try {
      throwIfAborted(signal);
      if (signal !== undefined) addAbortListener(signal, this.#onAbort);
      const early = new Promise<never>((_, reject) => {
        this.#rejectEarly = reject;
      });
      const done = script({
        stream: (index) => (call, newFilter) => this.#request(call, newFilter, index),
        compute: (call, newFilter) => this.#request(call, newFilter, undefined),
        show: (chunk) => this.#queue.push(chunk),
      });
      return await Promise.race([done, early]);
    } catch (reason) {
      this.cancel();
      failure = { reason };
      throw reason;
    } finally {
      this.#settled = true;
      // Many jobs may share a signal, which must not retain the finished ones.
      if (signal !== undefined) removeAbortListener(signal, this.#onAbort);
      this.#queue.end(failure);
    }
  }

  /** @param index - the answer that the text belongs to; undefined: the reader does not see it */
  async #request(
    { prompt, ...options }: RequestCall,
    newFilter: (() => TextFilter) | undefined,
    index: number | undefined,
  ): Promise<RequestResult> {
    const output = new RequestOutput(newFilter?.());
    const encoding = this.#prepare(() => this.#encode(prompt));
    const encoded = types.isPromise(encoding) ? await encoding : encoding;
    if ("ended" in encoded) return this.#endedResult(options, output, 0, encoded.ended);
    const compiling = this.#prepare((stop) => this.#engine.compile(options, stop));
    const compiled = types.isPromise(compiling) ? await compiling : compiling;
    if ("ended" in compiled) {
      return this.#endedResult(options, output, promptLength(encoded.value), compiled.ended);
    }
    const remainingMs = this.#remainingMs();
    const call = {
      ...options,
      ...compiled.value,
      prompt: encoded.value,
      // The engine takes whole milliseconds from 1.
      timeoutMs: remainingMs && Math.max(1, Math.round(remainingMs)),
    };
    const result = await this.#submit(call, output, index);
    const { structure } = options;
    const { droppedKeywords } = compiled.value;
    return structure?.kind === "jsonSchema" && structure.lenient && droppedKeywords !== undefined
      ? { ...result, droppedKeywords }
      : result;
  }

  async #submit(
    call: Parameters<EnginePort["submit"]>[0],
    output: RequestOutput,
    index: number | undefined,
  ): Promise<RequestResult> {
    const request = this.#engine.submit(call, (event) => {
      const text = output.take(event);
      if (index === undefined) return;
      if (event.type === "promptScored") {
        this.#queue.push({ text, tokens: [], promptLogprobs: event.logprobs, index });
      } else if (event.type === "text") {
        const { tokens, logprobs } = event;
        this.#queue.push({ text, tokens, index, ...(logprobs && { logprobs }) });
      }
    });
    this.#requests.add(request);
    if (this.#paused) request.setPaused(true);
    try {
      const outcome = await request.outcome;
      if (outcome.finishReason === "abort") throwIfAborted(this.#options.signal);
      const rest = output.finish();
      if (index !== undefined) this.#queue.push({ text: rest, tokens: [], index });
      return toResult(call, output, outcome);
    } finally {
      this.#requests.delete(request);
    }
  }

  #prepare<Value>(
    work: (stop: AbortSignal) => Value | Promise<Value>,
  ): Prepared<Value> | Promise<Prepared<Value>> {
    return this.#preparation.run(work, this.#remainingMs());
  }

  #encode(prompt: EnginePrompt | PreparedPrompt): EnginePrompt | Promise<EnginePrompt> {
    if (typeof prompt !== "function") return this.#checkLength(prompt);
    const known = this.#encoded.get(prompt);
    if (known !== undefined) return known;
    const made = prompt(this.#preparation.stop, this.#options.maxPromptTokens);
    const checked = types.isPromise(made)
      ? made.then((each) => this.#checkLength(each))
      : this.#checkLength(made);
    this.#encoded.set(prompt, checked);
    return checked;
  }

  #checkLength(prompt: EnginePrompt): EnginePrompt {
    const { maxPromptTokens: limit } = this.#options;
    if (limit === undefined) return prompt;
    if (!types.isInt32Array(prompt)) this.#engine.vocabulary("maxPromptTokens");
    const length = promptLength(prompt);
    if (length <= limit) return prompt;
    throw new CodeLlamaError(
      "CONTEXT_OVERFLOW",
      `the prompt must have at most ${limit} tokens (got ${length}): maxPromptTokens`,
    );
  }

  /** Remaining time in milliseconds; negative after the limit, undefined without a limit. */
  #remainingMs(): number | undefined {
    const { timeoutMs } = this.#options;
    return timeoutMs && timeoutMs - (performance.now() - this.#startedAt);
  }

  /** Returns the result of a request that ended before it reached the engine. */
  #endedResult(
    call: Omit<RequestCall, "prompt">,
    output: RequestOutput,
    promptTokens: number,
    finishReason: "abort" | "timeout",
  ): RequestResult {
    throwIfAborted(this.#options.signal);
    return toResult(call, output, {
      finishReason,
      stopString: "",
      promptTokens,
      cachedTokens: 0,
      completionTokens: 0,
      draftTokens: 0,
      acceptedTokens: 0,
      queuedMs: 0,
      prefillMs: 0,
      decodeMs: 0,
    });
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused || this.#settled) return;
    this.#paused = paused;
    for (const request of this.#requests) request.setPaused(paused);
  }
}
