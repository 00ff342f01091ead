import { withOwnSignal } from "./base/abort-listeners.ts";
import { invalidArgument } from "./base/arguments.ts";
import { LocalEngine } from "./engine/local-engine.ts";
import { type EnginePort, type EngineState, noPromptLimit } from "./engine/port.ts";
import { CodeLlamaError } from "./errors.ts";
import { Generation } from "./generation.ts";
import { type Capabilities, capabilitiesOf } from "./model/capabilities.ts";
import { locateFiles, nameOfFile } from "./model/locate.ts";
import { chat } from "./modes/chat.ts";
import { complete } from "./modes/completion.ts";
import { type EmbedInput, type EmbedResult, embed } from "./modes/embed.ts";
import { encodeChat, encodeInfill, renderChat } from "./modes/encode-prompt.ts";
import { type InfillResult, infill } from "./modes/infill.ts";
import { type PerplexityResult, perplexity } from "./modes/perplexity.ts";
import { loadPrefix, type PrefixResult, savePrefix } from "./modes/prefix-file.ts";
import type { DeviceInfo, Placement } from "./native/device-info.ts";
import { listDevices } from "./native/devices.ts";
import type { EngineStats, ModelInfo } from "./native/model-info.ts";
import type { ChatOptions, EncodeChatOptions } from "./options/chat.ts";
import {
  abortSignal,
  anyText,
  boolean,
  checkOptions,
  checkValue,
  type Rules,
} from "./options/check.ts";
import type { ConnectOptions } from "./options/connect.ts";
import type { EmbedOptions } from "./options/embed.ts";
import type { GenerateOptions } from "./options/generate.ts";
import type { InfillInput, InfillOptions } from "./options/infill.ts";
import { checkLoadOptions, type LoadOptions, nativeLoadOptions } from "./options/load.ts";
import type { ChatMessage } from "./options/messages.ts";
import type { PerplexityOptions } from "./options/perplexity.ts";
import type { PrefixOptions } from "./options/prefix.ts";
import type { SessionOptions } from "./options/session.ts";
import { checkSplitOptions, type SplitOptions } from "./options/split.ts";
import { tokenId, tokenIds } from "./options/texts.ts";
import { splitCode } from "./prompt/split-code.ts";
import type { StructuredResult } from "./result.ts";
import type { ValueOf } from "./schema/standard-schema.ts";
import { type ChatSession, openSession, readSessionOptions, type SessionData } from "./session.ts";

export interface TokenizeOptions {
  /** Whether the tokens start with the BOS token. Default false. */
  readonly bos?: boolean;
  /** Whether text such as `</s>` becomes a control token. Default false. */
  readonly special?: boolean;
}

export interface TokenizeLongOptions extends TokenizeOptions {
  /** Ends the work, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface DetokenizeOptions {
  /** Whether control tokens appear in the text by name. Default false. */
  readonly special?: boolean;
}

// Only this module can call the constructor: JavaScript has no private constructors.
const own = Symbol("CodeLlama");

/** A model in this process, and its file. */
interface LoadedModel {
  readonly engine: LocalEngine;
  readonly path: string;
}

/**
 * A loaded model and its engine, in this process or on a remote server. Any number of requests can
 * run in parallel.
 *
 * @example
 * const llama = await CodeLlama.load("codellama-7b.Q4_K_M.gguf");
 * const generation = llama.generate("def fibonacci(", { maxTokens: 100 });
 * for await (const { text } of generation) process.stdout.write(text);
 * await llama.close();
 */
export class CodeLlama implements AsyncDisposable {
  readonly #engine: EnginePort;
  readonly #loaded: LoadedModel | undefined;
  /** What the model can do. */
  readonly capabilities: Capabilities;

  private constructor(
    key: typeof own,
    engine: EnginePort,
    capabilities: Capabilities,
    loaded: LoadedModel | undefined,
  ) {
    if (key !== own) {
      throw invalidArgument(
        "new CodeLlama(): use await CodeLlama.load(path), or CodeLlama.connect(url)",
      );
    }
    this.#engine = engine;
    this.#loaded = loaded;
    this.capabilities = capabilities;
  }

  /**
   * Loads a GGUF file on another thread.
   * @param model - path of the file; or a URI such as `hf:org/repo:Q4_K_M`, `https://host/file.gguf`,
   *   `ollama:name:tag` or `codellama:7b-instruct`, whose file is fetched unless it is in the cache
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`, `DOWNLOAD_FAILED`, `MODEL_INVALID`,
   *   `MODEL_UNSUPPORTED`, `OUT_OF_MEMORY`, `BACKEND_FAILED`, `ADDON_MISSING`; or the reason of
   *   `options.signal`
   */
  static async load(model: string, options: LoadOptions = {}): Promise<CodeLlama> {
    const {
      onDownload,
      onProgress,
      signal,
      capabilities: given,
      ...rest
    } = checkLoadOptions(options);
    const named = nativeLoadOptions(model, rest);
    const { engine, path } = await withOwnSignal(signal, async (own) => {
      const native = await locateFiles(named, "CodeLlama.load()", { onDownload, signal: own });
      const engine = await LocalEngine.start(native, onProgress, own);
      return { engine, path: native.modelPath };
    });
    try {
      const capabilities = capabilitiesOf(engine.model, nameOfFile(model, path), given);
      return new CodeLlama(own, engine, capabilities, { engine, path });
    } catch (error) {
      await engine.close();
      throw error;
    }
  }

  /**
   * Offers the same API over a remote server with OpenAI's API: node-codellama, llama-server, vLLM,
   * TGI, LMDeploy and others. With `tokenizer`, prompts are encoded here, token for token. Options
   * that the server does not support reject with `CAPABILITY_MISSING`.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND` if the server lacks the model,
   *   `REMOTE_FAILED`; like `load` for the tokenizer's file; or the reason of `options.signal`
   *
   * @example
   * const llama = await CodeLlama.connect("http://gpu.example:8080", {
   *   apiKey: process.env.CODELLAMA_API_KEY,
   *   tokenizer: "codellama-7b.Q4_K_M.gguf",
   * });
   */
  static async connect(url: string | URL, options: ConnectOptions = {}): Promise<CodeLlama> {
    // Imported here, so that programs without a remote engine start faster.
    const { connect } = await import("./remote/connect.ts");
    const { engine, capabilities } = await connect(url, options);
    return new CodeLlama(own, engine, capabilities, undefined);
  }

  /**
   * Lists the available devices. Runs on another thread, because a GPU driver may need a second.
   * @throws CodeLlamaError `ADDON_MISSING`
   */
  static devices(): Promise<readonly DeviceInfo[]> {
    return listDevices();
  }

  /** `"failed"` means that a failure stopped the engine. Load the model again. */
  get state(): EngineState {
    return this.#engine.state;
  }

  /** Devices with the number of layers that each computes; no devices for a remote engine. */
  get placement(): Placement {
    return this.#engine.model.placement;
  }

  get model(): ModelInfo {
    return this.#engine.model;
  }

  /** Names of the loaded LoRA adapters, in the order of the `loras` option. */
  get loras(): readonly string[] {
    return this.#engine.loras.map(({ name }) => name);
  }

  /**
   * Maximum number of tokens of a sequence: its prompt and its new tokens together. `Infinity` if a
   * remote server does not report it.
   */
  get contextSize(): number {
    return this.#engine.contextSize;
  }

  /**
   * Continues a text or a prompt of tokens. A text starts with the BOS token if the model expects
   * one. A prompt of tokens is used unchanged.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`, `CAPABILITY_MISSING` at once; the
   *   generation rejects with `CONTEXT_OVERFLOW`, `INVALID_ARGUMENT` (a token id outside the
   *   vocabulary), `CLOSED`, `OUT_OF_MEMORY` or `BACKEND_FAILED`
   */
  generate<Schema extends object>(
    prompt: string | Int32Array,
    options: GenerateOptions & { readonly jsonSchema: Schema },
  ): Generation<StructuredResult<ValueOf<Schema>>>;
  generate(prompt: string | Int32Array, options?: GenerateOptions): Generation;
  generate(prompt: string | Int32Array, options: GenerateOptions = {}): Generation {
    return new Generation(complete(this.#engine, this.capabilities, prompt, options));
  }

  /**
   * Fills the hole between `prefix` and `suffix`, or the holes that a text marks with `<FILL_ME>` or
   * `<FILL>`. Code Llama's prompts equal Meta's reference token for token. The model stops by itself.
   * @throws CodeLlamaError like `generate`; `CAPABILITY_MISSING` for a model without infill
   */
  infill(input: string | InfillInput, options: InfillOptions = {}): Generation<InfillResult> {
    return new Generation(infill(this.#engine, this.capabilities, input, options));
  }

  /**
   * Answers a dialog: an optional system message, then user and assistant in turn, the user last.
   * @throws CodeLlamaError like `generate`, naming the wrong message; `CAPABILITY_MISSING` for a
   *   model that was not trained to chat, unless `force` is true
   */
  chat<Schema extends object>(
    messages: readonly ChatMessage[],
    options: ChatOptions & { readonly jsonSchema: Schema },
  ): Generation<StructuredResult<ValueOf<Schema>>>;
  chat(messages: readonly ChatMessage[], options?: ChatOptions): Generation;
  chat(messages: readonly ChatMessage[], options: ChatOptions = {}): Generation {
    return new Generation(chat(this.#engine, this.capabilities, messages, options));
  }

  /**
   * Computes the embedding of each text or prompt of tokens: the pooled hidden states of its tokens,
   * scaled to length 1. Code Llama was not trained for embeddings; other models give better ones.
   * @throws CodeLlamaError like `generate`
   */
  async embed(
    texts: EmbedInput | readonly EmbedInput[],
    options: EmbedOptions = {},
  ): Promise<EmbedResult> {
    return embed(this.#engine, texts, options).result;
  }

  /**
   * Measures how well the model predicts a text of any length, or tokens.
   * @throws CodeLlamaError like `generate`
   */
  async perplexity(
    text: string | Int32Array,
    options: PerplexityOptions = {},
  ): Promise<PerplexityResult> {
    return perplexity(this.#engine, text, options).result;
  }

  /**
   * Computes a prompt, such as a system prompt or the files of a repository, and writes its KV cells
   * to a file. `loadPrefix` then restores them without computing the prompt again.
   * @throws CodeLlamaError like `generate`; `CAPABILITY_MISSING` for models whose state cannot be
   *   saved in part; the error of a file that cannot be written
   */
  async savePrefix(
    path: string,
    prompt: string | Int32Array,
    options: PrefixOptions = {},
  ): Promise<PrefixResult> {
    const { engine, path: modelPath } = this.#requireLoaded("savePrefix()");
    return savePrefix(engine, modelPath, path, prompt, options).result;
  }

  /**
   * Loads a file that `savePrefix` wrote. Later prompts that share its beginning reuse its KV cells.
   * The cells stay in host memory until `close()`. Load only files that you trust.
   * @throws CodeLlamaError `INVALID_ARGUMENT` for a damaged file, or one of another model or version;
   *   `CONTEXT_OVERFLOW`, `CLOSED`
   */
  async loadPrefix(path: string): Promise<PrefixResult> {
    const { engine, path: modelPath } = this.#requireLoaded("loadPrefix()");
    return loadPrefix(engine, modelPath, path);
  }

  /**
   * Starts a conversation, or continues one from the data of a session's `toJSON()`.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`
   */
  session(options: SessionOptions | SessionData = {}): ChatSession {
    this.#engine.requireContext("session()");
    return openSession(this.#engine, this.capabilities, readSessionOptions(options));
  }

  /**
   * Returns the tokens of the prompt that `infill` uses for one hole. With token healing and the
   * suffix first, the engine removes the last token before it generates.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CAPABILITY_MISSING`, `CLOSED`
   */
  encodeInfill(input: string | InfillInput): Int32Array {
    return encodeInfill(this.#engine, this.capabilities, input);
  }

  /**
   * Returns the tokens of the prompt that `chat` uses.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message; `CLOSED`
   */
  encodeChat(messages: readonly ChatMessage[], options: EncodeChatOptions = {}): Int32Array {
    return encodeChat(this.#engine, this.capabilities, messages, options);
  }

  /**
   * Returns the text of the prompt that `chat` uses, with its control tokens spelled out. A long
   * dialog does not block the event loop.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message; `CLOSED`
   */
  async renderChat(
    messages: readonly ChatMessage[],
    options: EncodeChatOptions = {},
  ): Promise<string> {
    return renderChat(this.#engine, this.capabilities, messages, options);
  }

  /**
   * Returns the tokens of a text, like CodeLlama's SentencePiece: with the implicit leading space.
   * Runs on the calling thread, at some megabytes per second.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`
   */
  tokenize(text: string, options: TokenizeOptions = {}): Int32Array {
    const where = "tokenize()";
    const { bos = false, special = false } = checkText(text, options, where);
    this.#engine.requireOpen(where);
    return this.#engine.vocabulary(where).tokenize(text, bos, special);
  }

  /**
   * Same as `tokenize`, but runs on another thread for a long text.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`; the signal's reason
   */
  async tokenizeLong(text: string, options: TokenizeLongOptions = {}): Promise<Int32Array> {
    const where = "tokenizeLong()";
    const checked = checkText(text, options, where, { signal: abortSignal });
    this.#engine.requireOpen(where);
    const vocabulary = this.#engine.vocabulary(where);
    const { bos } = this.model.specialTokens;
    const start = checked.bos === true && bos !== undefined ? [bos] : [];
    const parts = [...start, { text, special: checked.special ?? false }];
    return vocabulary.encodeLong(parts, noPromptLimit, checked.signal);
  }

  /** Returns the number of tokens of a text: `tokenize(text, options).length`. */
  countTokens(text: string, options: TokenizeOptions = {}): number {
    return this.tokenize(text, options).length;
  }

  /**
   * Splits long source code before declarations and after blank lines, for prompts. Without an
   * overlap, the joined pieces equal the text. Runs on the calling thread.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`
   */
  splitCode(text: string, options: SplitOptions): string[] {
    const where = "splitCode()";
    checkValue(text, anyText, `${where}: text`);
    const checked = checkSplitOptions(options, where);
    return splitCode(text, checked, (piece) => this.countTokens(piece));
  }

  /**
   * Returns the text of tokens; the inverse of `tokenize`. Bytes of an incomplete character become
   * U+FFFD.
   * @throws CodeLlamaError `INVALID_ARGUMENT` for an id outside the vocabulary, `CLOSED`
   */
  detokenize(tokens: Int32Array | readonly number[], options: DetokenizeOptions = {}): string {
    const where = "detokenize()";
    const { special = false } = checkOptions(options, { special: boolean }, where);
    const ids = checkValue(tokens, tokenIds, `${where}: tokens`) as Int32Array;
    this.#engine.requireOpen(where);
    return this.#engine.vocabulary(where).detokenize(ids, special);
  }

  /**
   * Returns the bytes of a token inside a text, which can be a part of a character. For a control
   * token, returns the bytes of its name.
   * @throws CodeLlamaError `INVALID_ARGUMENT` for an id outside the vocabulary, `CLOSED`
   */
  tokenBytes(token: number): Uint8Array {
    const where = "tokenBytes()";
    checkValue(token, tokenId, `${where}: token`);
    this.#engine.requireOpen(where);
    return this.#engine.vocabulary(where).tokenBytes(token);
  }

  /** @throws CodeLlamaError `CLOSED` */
  stats(): EngineStats {
    this.#engine.requireOpen("stats()");
    return this.#engine.stats();
  }

  /**
   * Ends running work with `CLOSED`, stops the engine and frees all memory. Resolves when that is
   * done. Can be called more than once.
   */
  close(): Promise<void> {
    return this.#engine.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #requireLoaded(where: string): LoadedModel {
    if (this.#loaded !== undefined) return this.#loaded;
    throw new CodeLlamaError(
      "CAPABILITY_MISSING",
      `${where}: a remote engine does not give access to its KV cache`,
    );
  }
}

function checkText<Options extends TokenizeOptions>(
  text: unknown,
  options: Options,
  where: string,
  more: Rules = {},
): Options {
  checkValue(text, anyText, `${where}: text`);
  return checkOptions(options, { bos: boolean, special: boolean, ...more }, where);
}
