import type { NativeEngine } from "./binding.ts";
import type { EngineListener } from "./engine-events.ts";
import type { EngineStats, ModelInfo } from "./engine-info.ts";
import { type StartedEngine, startEngine } from "./engine-start.ts";
import { CodeLlamaError, callNative } from "./errors.ts";
import { Generation } from "./generation.ts";
import { boolean, checkOptions, invalidArgument, show } from "./options/check.ts";
import { type GenerateOptions, requestOptions } from "./options/generate.ts";
import { type LoadOptions, nativeLoadOptions } from "./options/load.ts";

export interface TokenizeOptions {
  /** Puts the beginning-of-sequence token first. Default false. */
  readonly bos?: boolean;
  /** Takes control tokens spelled out in the text, such as `</s>`, as such. Default false. */
  readonly special?: boolean;
}

export interface DetokenizeOptions {
  /** Shows control tokens by name. Default false. */
  readonly special?: boolean;
}

/**
 * A loaded model and its engine. Any number of requests may run side by side.
 *
 * @example
 * await using llama = await CodeLlama.load("codellama-7b.Q4_K_M.gguf");
 * for await (const { text } of llama.generate("def fibonacci(")) process.stdout.write(text);
 */
export class CodeLlama implements AsyncDisposable {
  readonly #engine: NativeEngine;
  readonly #listener: EngineListener;
  readonly #closed: Promise<void>;
  readonly #vocabularyOnly: boolean;
  readonly #model: ModelInfo;
  #closing = false;
  #lastId = 0;

  private constructor(started: StartedEngine, vocabularyOnly: boolean) {
    this.#engine = started.engine;
    this.#listener = started.listener;
    this.#closed = started.closed;
    this.#vocabularyOnly = vocabularyOnly;
    this.#model = started.engine.model();
  }

  /**
   * Loads a GGUF file on a thread of its own.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`, `MODEL_INVALID`,
   *   `MODEL_UNSUPPORTED`, `OUT_OF_MEMORY`, `BACKEND_FAILED`, `ADDON_MISSING`; or the reason of
   *   `options.signal`
   */
  static async load(modelPath: string, options: LoadOptions = {}): Promise<CodeLlama> {
    const native = nativeLoadOptions(modelPath, options);
    const started = await startEngine(native, options.onProgress, options.signal);
    return new CodeLlama(started, options.vocabularyOnly ?? false);
  }

  get model(): ModelInfo {
    return this.#model;
  }

  /**
   * Continues a text, or a prompt of tokens taken as they are. A text gets the
   * beginning-of-sequence token in front where the model wants one.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`, `CAPABILITY_MISSING` at once; the
   *   generation rejects with `CONTEXT_OVERFLOW`, `INVALID_ARGUMENT` (a token id that is none),
   *   `CLOSED`, `OUT_OF_MEMORY` or `BACKEND_FAILED`
   */
  generate(prompt: string | Int32Array, options: GenerateOptions = {}): Generation {
    const where = "generate()";
    if (typeof prompt !== "string" && !(prompt instanceof Int32Array)) {
      throw invalidArgument(
        `${where}: prompt must be a string or an Int32Array, not ${show(prompt)}`,
      );
    }
    this.#requireOpen(where);
    if (this.#vocabularyOnly) {
      throw new CodeLlamaError(
        "CAPABILITY_MISSING",
        `${where}: the model was loaded with vocabularyOnly and cannot generate`,
      );
    }
    const request = requestOptions(options, this.#model.vocabularySize, where);
    this.#lastId = (this.#lastId % 0xffff_ffff) + 1;
    const id = this.#lastId;
    const generation = new Generation(this.#engine, id, request.seed, options.signal);
    if (options.signal?.aborted) {
      generation.fail(options.signal.reason);
      return generation;
    }
    this.#listener.generations.set(id, generation);
    if (!this.#engine.submit({ ...request, id, prompt })) {
      this.#listener.generations.delete(id);
      generation.fail(new CodeLlamaError("CLOSED", `${where}: the engine has stopped`));
    }
    return generation;
  }

  /**
   * A text's tokens, as CodeLlama's SentencePiece gives them: with the implicit leading space.
   * On the calling thread, at some megabytes a second.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`
   */
  tokenize(text: string, options: TokenizeOptions = {}): Int32Array {
    const where = "tokenize()";
    if (typeof text !== "string") {
      throw invalidArgument(`${where}: text must be a string, not ${show(text)}`);
    }
    checkOptions(options, { bos: boolean, special: boolean }, where);
    this.#requireOpen(where);
    return callNative(() =>
      this.#engine.tokenize(text, options.bos ?? false, options.special ?? false),
    );
  }

  /** The number of a text's tokens; as `tokenize(text, options).length`. */
  countTokens(text: string, options: TokenizeOptions = {}): number {
    return this.tokenize(text, options).length;
  }

  /**
   * The text of tokens; the inverse of `tokenize`. Bytes that are no whole character become
   * U+FFFD.
   * @throws CodeLlamaError `INVALID_ARGUMENT` for an id outside the vocabulary, `CLOSED`
   */
  detokenize(tokens: Int32Array | readonly number[], options: DetokenizeOptions = {}): string {
    const where = "detokenize()";
    checkOptions(options, { special: boolean }, where);
    this.#requireOpen(where);
    const ids = tokens instanceof Int32Array ? tokens : tokenArray(tokens, where);
    return callNative(() => this.#engine.detokenize(ids, options.special ?? false));
  }

  /** @throws CodeLlamaError `CLOSED` */
  stats(): EngineStats {
    this.#requireOpen("stats()");
    return this.#engine.stats();
  }

  /**
   * Ends what is under way with `CLOSED`, stops the engine and frees all memory. Resolves when
   * that is done. May be called again.
   */
  close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#engine.close();
    }
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #requireOpen(where: string): void {
    if (this.#closing) throw new CodeLlamaError("CLOSED", `${where}: this CodeLlama is closed`);
  }
}

function tokenArray(tokens: unknown, where: string): Int32Array {
  if (!Array.isArray(tokens) || !tokens.every((token) => (token | 0) === token)) {
    throw invalidArgument(
      `${where}: tokens must be an Int32Array or an array of whole numbers, not ${show(tokens)}`,
    );
  }
  return Int32Array.from(tokens);
}
