import { types } from "node:util";
import { throwIfAborted } from "../base/abort-listeners.ts";
import { CodeLlamaError, callNative } from "../errors.ts";
import type {
  NativeEngine,
  NativeLoadOptions,
  NativeLora,
  NativeModel,
  NativeOutput,
  NativeWork,
  PromptPart,
} from "../native/binding.ts";
import type { RopeOptions } from "../native/load-options.ts";
import type { EngineStats } from "../native/model-info.ts";
import { Compilations } from "./compilations.ts";
import type { EngineListener } from "./events.ts";
import { resultOf } from "./native-work.ts";
import {
  type Compiled,
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

// UTF-16 units. A longer prompt is encoded on another thread. A shorter one takes about a
// millisecond, so another thread would not help.
const encodedHere = 4096;

/** The in-process engine: the addon's engine with its requests. */
export class LocalEngine implements EnginePort, Vocabulary {
  readonly #native: NativeEngine;
  readonly #listener: EngineListener;
  readonly #closed: Promise<void>;
  readonly model: NativeModel;
  /** Maximum number of tokens of a sequence; 0 if only the vocabulary was loaded. */
  readonly contextSize: number;
  /** Parts of the KV cache; 1 if all sequences share it. */
  readonly kvParts: number;
  readonly healsTokens = true;
  #closing = false;
  readonly #compilations = new Compilations();
  /** Each function rejects a caller that waits for work on another thread. */
  readonly #waiting = new Set<(reason: Error) => void>();
  #lastId = 0;
  #lastGroup = 0;

  private constructor(
    native: NativeEngine,
    listener: EngineListener,
    closed: Promise<void>,
    readonly loras: readonly NativeLora[],
    /** Rope options of the model. All KV cells depend on them. */
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

  /** @throws CodeLlamaError `CLOSED`, or `CAPABILITY_MISSING` if only the vocabulary is loaded */
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

  /** Returns a new number for requests that share a prompt. */
  newGroup(): number {
    this.#lastGroup = (this.#lastGroup % 0xffff_ffff) + 1;
    return this.#lastGroup;
  }

  /** @throws CodeLlamaError `CLOSED`, `OUT_OF_MEMORY`, `QUEUE_FULL` */
  submit(call: EngineCall & Compiled, onOutput: (output: NativeOutput) => void): EngineRequest {
    const { prompt } = call;
    if (!types.isInt32Array(prompt)) throw new TypeError("this engine takes tokens");
    this.#lastId = (this.#lastId % 0xffff_ffff) + 1;
    const id = this.#lastId;
    // The events of the request arrive in a later turn of the event loop.
    if (!callNative(() => this.#native.submit({ ...call, prompt, id }))) {
      this.requireOpen("submit()");
      throw new CodeLlamaError("CLOSED", "the engine has stopped");
    }
    const submitted = new EngineRequest(this.#native, id, onOutput);
    this.#listener.requests.set(id, submitted);
    return submitted;
  }

  /** Encodes a prompt on this thread. @throws CodeLlamaError `CLOSED` */
  encode(parts: readonly PromptPart[]): Int32Array {
    return callNative(() => this.#native.encode(parts, noPromptLimit));
  }

  /**
   * Encodes a prompt, a long one on another thread. `stop` ends the work.
   * @throws CodeLlamaError `CLOSED`; `CONTEXT_OVERFLOW` if the prompt is certainly too long; the
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

  compile(
    call: Pick<EngineCall, "structure" | "patterns">,
    stop?: AbortSignal,
  ): Compiled | Promise<Compiled> {
    return this.#compilations.ofCall(call, (work) => this.#whileOpen(work, stop));
  }

  #whileOpen<Value>(work: NativeWork<Value>, stop: AbortSignal | undefined): Promise<Value> {
    return resultOf(work, stop, this.#waiting);
  }

  /** Stores the KV cells of a prompt in host memory. @throws CodeLlamaError `CLOSED` */
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

  /** Ends running work with `CLOSED` and stops the engine. Resolves when all memory is freed. */
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
