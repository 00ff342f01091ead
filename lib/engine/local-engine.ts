import { types } from "node:util";
import {
  addAbortListener,
  reasonOf,
  removeAbortListener,
  throwIfAborted,
} from "../base/abort-listeners.ts";
import { CodeLlamaError, callNative, fromNative } from "../errors.ts";
import type {
  NativeEngine,
  NativeGrammar,
  NativeLoadOptions,
  NativeLora,
  NativeModel,
  NativeOutput,
  NativeRequest,
  NativeWork,
  PromptPart,
} from "../native/binding.ts";
import type { RopeOptions } from "../native/load-options.ts";
import type { EngineStats } from "../native/model-info.ts";
import type { Structure } from "../options/structure.ts";
import type { EngineListener } from "./events.ts";
import { Grammars } from "./grammars.ts";
import {
  type EngineCall,
  type EnginePort,
  type EngineState,
  noPromptLimit,
  type PreparedPrompt,
  type Prompt,
  prepareWith,
  type Vocabulary,
} from "./port.ts";
import { EngineRequest } from "./request.ts";
import { startEngine } from "./start.ts";

// Up to here tokenising takes about a millisecond, and a trip to another thread is not worth it.
const encodedHere = 4096; // UTF-16 units

/** The addon's engine with its requests, as the API's modes use it. */
export class LocalEngine implements EnginePort, Vocabulary {
  readonly #native: NativeEngine;
  readonly #listener: EngineListener;
  readonly #closed: Promise<void>;
  readonly model: NativeModel;
  /** Tokens that the KV cache holds; 0 when only the vocabulary was loaded. */
  readonly contextSize: number;
  /** In how many parts sequences divide the KV cache; 1 where they share it. */
  readonly kvParts: number;
  readonly healsTokens = true;
  #closing = false;
  readonly #grammars = new Grammars();
  /** Ends waiting for work on other threads. */
  readonly #waiting = new Set<(reason: CodeLlamaError) => void>();
  #lastId = 0;
  #lastGroup = 0;

  private constructor(
    native: NativeEngine,
    listener: EngineListener,
    closed: Promise<void>,
    readonly loras: readonly NativeLora[],
    /** How positions are turned, which all that is computed depends on. */
    readonly rope: RopeOptions,
  ) {
    this.#native = native;
    this.#listener = listener;
    this.#closed = closed;
    this.model = native.model();
    const { kvCells, contextSize } = native.stats();
    this.contextSize = contextSize;
    this.kvParts = contextSize === 0 ? 1 : kvCells / contextSize;
  }

  /** Starts an engine and waits until its model is loaded. Rejects with the signal's reason. */
  static async start(
    options: NativeLoadOptions,
    onProgress: ((fraction: number) => void) | undefined,
    signal: AbortSignal | undefined,
  ): Promise<LocalEngine> {
    const { engine, listener, closed } = await startEngine(options, onProgress, signal);
    return new LocalEngine(engine, listener, closed, options.loras ?? [], options.rope ?? {});
  }

  get state(): EngineState {
    if (this.#closing) return "closed";
    return this.#listener.failure === undefined ? "ready" : "failed";
  }

  requireOpen(where: string): void {
    if (this.#closing) throw new CodeLlamaError("CLOSED", `${where}: this CodeLlama is closed`);
    const { failure } = this.#listener;
    if (failure !== undefined) {
      throw new CodeLlamaError(
        failure.code,
        `${where}: a failure has stopped the engine; load the model again: ${failure.message}`,
        { cause: failure },
      );
    }
  }

  /** @throws CodeLlamaError `CLOSED`, or `CAPABILITY_MISSING` where only the vocabulary is loaded */
  requireContext(where: string): void {
    this.requireOpen(where);
    if (this.contextSize === 0) {
      throw new CodeLlamaError(
        "CAPABILITY_MISSING",
        `${where}: the model was loaded with vocabularyOnly and cannot generate`,
      );
    }
  }

  vocabulary(): Vocabulary {
    return this;
  }

  prepare(prompt: Prompt): PreparedPrompt {
    return prepareWith(this, prompt, this.contextSize);
  }

  /** A number for requests that have one prompt. */
  newGroup(): number {
    this.#lastGroup = (this.#lastGroup % 0xffff_ffff) + 1;
    return this.#lastGroup;
  }

  /** @throws CodeLlamaError `CLOSED`, `OUT_OF_MEMORY`, `QUEUE_FULL` */
  submit(
    call: EngineCall & Pick<NativeRequest, "grammar">,
    onOutput: (output: NativeOutput) => void,
  ): EngineRequest {
    const { prompt } = call;
    if (!types.isInt32Array(prompt)) throw new TypeError("this engine takes tokens");
    this.#lastId = (this.#lastId % 0xffff_ffff) + 1;
    const id = this.#lastId;
    // Its events come in a later turn of the event loop.
    if (!callNative(() => this.#native.submit({ ...call, prompt, id }))) {
      this.requireOpen("submit()");
      throw new CodeLlamaError("CLOSED", "the engine has stopped");
    }
    const submitted = new EngineRequest(this.#native, id, onOutput);
    this.#listener.requests.set(id, submitted);
    return submitted;
  }

  /** A prompt's tokens, made on this thread. @throws CodeLlamaError `CLOSED` */
  encode(parts: readonly PromptPart[]): Int32Array {
    return callNative(() => this.#native.encode(parts, noPromptLimit));
  }

  /**
   * A prompt's tokens; those of a long one are made on another thread, until `stop` is aborted.
   * @throws CodeLlamaError `CLOSED`, `CONTEXT_OVERFLOW` for one that is too long for sure; the
   *   reason of `stop`
   */
  encodeLong(
    parts: readonly PromptPart[],
    limit: number,
    stop?: AbortSignal,
  ): Int32Array | Promise<Int32Array> {
    throwIfAborted(stop);
    let length = 0;
    for (const part of parts) if (typeof part !== "number") length += part.text.length;
    return callNative(() =>
      length <= encodedHere
        ? this.#native.encode(parts, limit)
        : this.#whileOpen(this.#native.encodeAsync(parts, limit), stop),
    );
  }

  /** @throws CodeLlamaError `INVALID_GRAMMAR` */
  compileGrammar(structure: Structure, stop?: AbortSignal): Promise<NativeGrammar> {
    return this.#whileOpen(this.#grammars.compile(structure), stop);
  }

  /** The work's value; `close()` and `stop` cancel the work and reject at once. */
  #whileOpen<Value>(
    { result, cancel }: NativeWork<Value>,
    stop: AbortSignal | undefined,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      const end = (reason: unknown) => {
        reject(reason);
        cancel();
      };
      const onAbort = () => stop && end(reasonOf(stop));
      this.#waiting.add(end);
      if (stop !== undefined) addAbortListener(stop, onAbort);
      result
        .then(resolve, (error: unknown) => reject(fromNative(error)))
        .finally(() => {
          this.#waiting.delete(end);
          if (stop !== undefined) removeAbortListener(stop, onAbort);
        });
    });
  }

  /** Keeps a prompt's KV cells. @throws CodeLlamaError `CLOSED` */
  async addPrompt(
    tokens: Int32Array,
    loraScales: readonly number[],
    state: Uint8Array,
  ): Promise<void> {
    const result = this.#native.addPrompt(tokens, loraScales, state);
    if (!(await this.#whileOpen({ result, cancel: () => {} }, undefined))) {
      throw new CodeLlamaError("CLOSED", "the engine has stopped");
    }
  }

  tokenize(text: string, bos: boolean, special: boolean): Int32Array {
    return callNative(() => this.#native.tokenize(text, bos, special));
  }

  detokenize(tokens: Int32Array, special: boolean): string {
    return callNative(() => this.#native.detokenize(tokens, special));
  }

  tokenBytes(token: number): Uint8Array {
    return callNative(() => this.#native.tokenBytes(token));
  }

  stats(): EngineStats {
    return this.#native.stats();
  }

  /** Ends what is under way with `CLOSED` and stops. Resolves when all memory is freed. */
  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#native.close();
      const closed = new CodeLlamaError("CLOSED", "the engine was closed");
      for (const end of this.#waiting) end(closed);
    }
    return this.#closed;
  }
}
