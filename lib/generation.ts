import { types } from "node:util";
import {
  addAbortListener,
  reasonOf,
  removeAbortListener,
  throwIfAborted,
} from "./base/abort-listeners.ts";
import { append } from "./base/append.ts";
import { endedEarly } from "./base/early-end.ts";
import { RequestOutput } from "./engine/output.ts";
import {
  type EngineCall,
  type EnginePort,
  type EnginePrompt,
  promptLength,
  type RunningRequest,
  type TextFilter,
} from "./engine/port.ts";
import { CodeLlamaError } from "./errors.ts";
import { Preparation, type Prepared, type Preparing } from "./jobs/preparation.ts";
import {
  type Answer,
  type Chunk,
  type GenerationResult,
  type RequestResult,
  type TokenLogprobs,
  toResult,
} from "./result.ts";

/** Makes a prompt, until `stop` is aborted. */
export type PromptMaker = Preparing<EnginePrompt>;

/** A request whose prompt is perhaps still to be made, which its time limit and `cancel()` end. */
export type RequestCall = Omit<EngineCall, "prompt"> & {
  readonly prompt: EnginePrompt | PromptMaker;
};

/** Sends a request to the engine; its text goes to the generation's reader unless it is held. */
export type RequestFunction = (
  call: RequestCall,
  options?: {
    /** Makes the filter of one answer's text. */
    readonly filter?: (() => TextFilter) | undefined;
    readonly index?: number;
    readonly held?: boolean;
  },
) => Promise<RequestResult>;

/** What a mode does with the engine. */
export type Script<Result> = (
  request: RequestFunction,
  show: (chunk: Chunk) => void,
) => Promise<Result>;

/** What waits for the next text of its choice. */
class Pending {
  readonly tokens: number[] = [];
  readonly logprobs: TokenLogprobs[] = [];
  readonly promptLogprobs: TokenLogprobs[] = [];
}

// Tokens that wait for their reader. Beyond the mark the engine rests on this request. With drafts a
// chunk holds many tokens, so chunks would say little.
const highWaterMark = 256;
const lowWaterMark = 64;

/**
 * Text in the making. The work has begun when you get it. `await` it for the result, iterate it
 * for the text as it comes, or do both; leaving a `for await` early cancels the work.
 *
 * An abort by signal rejects both with the signal's reason; `cancel()` ends both in good order,
 * with `finishReason: "abort"` and the text so far.
 *
 * A reader that falls behind stops its own generation for a while, no other.
 */
export class Generation<Result = GenerationResult>
  implements PromiseLike<Result>, AsyncIterable<Chunk>
{
  readonly #begun = performance.now();
  readonly #engine: EnginePort;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => {
    this.cancel();
    // While a request is under way its outcome says when the engine has let go of it.
    if (this.#signal !== undefined && this.#requests.size === 0) {
      this.#endEarly(reasonOf(this.#signal));
    }
  };
  #endEarly: (reason: unknown) => void = () => {};
  readonly #result: Promise<Result>;
  readonly #requests = new Set<RunningRequest>();
  readonly #preparation = new Preparation();
  #text = "";

  #iterated = false;
  /** Somebody awaits the result, so the text is wanted however long it gets. */
  #awaited = false;
  #paused = false;
  #cancelled = false;
  #chunks: Chunk[] = [];
  /** Tokens in `#chunks`. */
  #unread = 0;
  /** Tokens whose text is still to come, by choice. */
  readonly #pending = new Map<number, Pending>();
  #settled = false;
  #failure: { readonly reason: unknown } | undefined;
  /** Wakes the iterator. */
  #wake: (() => void) | undefined;

  /** @internal Starts the script at once. */
  constructor(engine: EnginePort, signal: AbortSignal | undefined, script: Script<Result>) {
    this.#engine = engine;
    this.#signal = signal;
    this.#result = this.#run(script);
    // A caller that only iterates sees the failure there.
    this.#result.catch(() => {});
  }

  /** The text so far; of the first choice where there are several. */
  get text(): string {
    return this.#text;
  }

  /** Ends the work; what was made so far is the result. Without effect after the end. */
  cancel(): void {
    if (this.#settled) return;
    this.#cancelled = true;
    this.#preparation.abort();
    for (const request of this.#requests) request.cancel();
  }

  /**
   * @internal The result, for somebody who reads the text as well: unlike `then` it leaves the work
   * at rest where the reader falls behind.
   */
  get outcome(): Promise<Result> {
    return this.#result;
  }

  // biome-ignore lint/suspicious/noThenProperty: awaiting it is what it is for
  then<Value = Result, Failure = never>(
    onFulfilled?: ((result: Result) => Value | PromiseLike<Value>) | null,
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Value | Failure> {
    this.#awaited = true;
    this.#setPaused(false);
    return this.#result.then(onFulfilled, onRejected);
  }

  catch<Failure = never>(
    onRejected?: ((reason: unknown) => Failure | PromiseLike<Failure>) | null,
  ): Promise<Result | Failure> {
    return this.then(undefined, onRejected);
  }

  finally(onFinally?: (() => void) | null): Promise<Result> {
    return this.then().finally(onFinally);
  }

  /**
   * The text as it comes. May be iterated once. The iterator's `return()` and `throw()` cancel the
   * work at once, even before the first `next()` and while one waits.
   * @throws CodeLlamaError `INVALID_ARGUMENT` when it is iterated again
   */
  [Symbol.asyncIterator](): AsyncGenerator<Chunk, void, undefined> {
    return endedEarly(this.#read(), () => this.cancel());
  }

  async *#read(): AsyncGenerator<Chunk, void, undefined> {
    if (this.#iterated) {
      throw new CodeLlamaError(
        "INVALID_ARGUMENT",
        "a Generation can be iterated once; await it for the whole text, or use textStream.tee()",
      );
    }
    this.#iterated = true;
    for (;;) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) {
        this.#unread -= chunk.tokens.length;
        if (this.#unread <= lowWaterMark) this.#setPaused(false);
        yield chunk;
      } else if (this.#failure !== undefined) {
        throw this.#failure.reason;
      } else if (this.#settled) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  /**
   * The text as a web stream, of the first choice where there are several; cancelling the stream
   * cancels the work. Takes the one iteration.
   */
  get textStream(): ReadableStream<string> {
    const chunks = this[Symbol.asyncIterator]();
    return new ReadableStream<string>(
      {
        async pull(controller) {
          for (;;) {
            const { value, done } = await chunks.next();
            if (done) return controller.close();
            if (value.index === 0) return controller.enqueue(value.text);
          }
        },
        async cancel() {
          await chunks.return();
        },
      },
      { highWaterMark: 0 },
    );
  }

  async #run(script: Script<Result>): Promise<Result> {
    try {
      throwIfAborted(this.#signal);
      if (this.#signal !== undefined) addAbortListener(this.#signal, this.#onAbort);
      const ended = new Promise<never>((_, reject) => {
        this.#endEarly = reject;
      });
      const done = script(
        (call, options) => this.#request(call, options),
        (chunk) => this.#show(chunk),
      );
      return await Promise.race([done, ended]);
    } catch (reason) {
      this.cancel();
      this.#failure = { reason };
      throw reason;
    } finally {
      this.#settled = true;
      // A signal that many requests share must not hold on to those that are done.
      if (this.#signal !== undefined) removeAbortListener(this.#signal, this.#onAbort);
      this.#wakeReader();
    }
  }

  async #request(
    { prompt: given, ...options }: RequestCall,
    { filter, index = 0, held = false }: Parameters<RequestFunction>[1] = {},
  ): Promise<RequestResult> {
    const output = new RequestOutput(filter?.());
    const { structure } = options;
    const making = this.#prepare(options, (stop) =>
      typeof given === "function" ? given(stop) : given,
    );
    const prompt = types.isPromise(making) ? await making : making;
    if ("ended" in prompt) return this.#endedResult(options, output, prompt.ended);
    const call = { ...options, prompt: prompt.value };
    const compiling = this.#prepare(options, (stop) =>
      structure === undefined ? undefined : this.#engine.compileGrammar(structure, stop),
    );
    const grammar = types.isPromise(compiling) ? await compiling : compiling;
    if ("ended" in grammar) return this.#endedResult(call, output, grammar.ended);
    const remainingMs = this.#remainingMs(options);
    // The engine takes whole milliseconds from 1.
    const timeoutMs = remainingMs && Math.max(1, Math.round(remainingMs));
    const request = this.#engine.submit({ ...call, timeoutMs, grammar: grammar.value }, (event) => {
      const text = output.take(event);
      if (held) return;
      if (event.type === "promptScored") {
        this.#show({ text, tokens: [], promptLogprobs: event.logprobs, index });
      } else if (event.type === "text") {
        const { tokens, logprobs } = event;
        this.#show({ text, tokens, index, ...(logprobs && { logprobs }) });
      }
    });
    this.#requests.add(request);
    if (this.#paused) request.setPaused(true);
    try {
      const outcome = await request.outcome;
      if (outcome.finishReason === "abort") throwIfAborted(this.#signal);
      const rest = output.finish();
      if (!held) this.#show({ text: rest, tokens: [], index });
      return toResult(call, output, outcome);
    } finally {
      this.#requests.delete(request);
    }
  }

  /** What a request needs first, unless it ends before that is made. */
  #prepare<Value>(
    options: Pick<RequestCall, "timeoutMs">,
    work: Preparing<Value>,
  ): Prepared<Value> | Promise<Prepared<Value>> {
    if (this.#cancelled) return { ended: "abort" };
    return this.#preparation.run(work, this.#remainingMs(options));
  }

  /** What is left of a time limit, which counts from the call; negative after its end. */
  #remainingMs({ timeoutMs }: Pick<RequestCall, "timeoutMs">): number | undefined {
    return timeoutMs && timeoutMs - (performance.now() - this.#begun);
  }

  /** Of a request that ended before the engine had it. */
  #endedResult(
    call: Omit<RequestCall, "prompt"> & { readonly prompt?: EnginePrompt },
    output: RequestOutput,
    finishReason: "abort" | "timeout",
  ): Answer {
    throwIfAborted(this.#signal);
    return toResult(call, output, {
      finishReason,
      stopString: "",
      promptTokens: call.prompt === undefined ? 0 : promptLength(call.prompt),
      cachedTokens: 0,
      completionTokens: 0,
      draftTokens: 0,
      acceptedTokens: 0,
      queuedMs: 0,
      prefillMs: 0,
      decodeMs: 0,
    });
  }

  /** Shows a chunk; tokens without text wait for the next one of their choice. */
  #show({ text, tokens, logprobs = [], promptLogprobs = [], index }: Chunk): void {
    if (index === 0) this.#text += text;
    const pending = this.#pending.get(index) ?? new Pending();
    append(pending.tokens, tokens);
    append(pending.logprobs, logprobs);
    append(pending.promptLogprobs, promptLogprobs);
    if (text === "") {
      this.#pending.set(index, pending);
      return;
    }
    this.#pending.delete(index);
    this.#chunks.push({
      text,
      tokens: pending.tokens,
      index,
      ...(pending.logprobs.length > 0 && { logprobs: pending.logprobs }),
      ...(pending.promptLogprobs.length > 0 && { promptLogprobs: pending.promptLogprobs }),
    });
    this.#unread += pending.tokens.length;
    if (this.#unread > highWaterMark && !this.#awaited) this.#setPaused(true);
    this.#wakeReader();
  }

  #wakeReader(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused || this.#settled) return;
    this.#paused = paused;
    for (const request of this.#requests) request.setPaused(paused);
  }
}
