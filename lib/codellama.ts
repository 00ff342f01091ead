import { basename } from "node:path";
import { withOwnSignal } from "./base/abort-listeners.ts";
import { invalidArgument } from "./base/arguments.ts";
import { LocalEngine } from "./engine/local-engine.ts";
import { type EnginePort, type EngineState, noPromptLimit } from "./engine/port.ts";
import { CodeLlamaError } from "./errors.ts";
import { Generation } from "./generation.ts";
import { type Capabilities, capabilitiesOf } from "./model/capabilities.ts";
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
import { type ChatSession, openSession, readSessionOptions, type SessionData } from "./session.ts";

export interface TokenizeOptions {
  /** Puts the beginning-of-sequence token first. Default false. */
  readonly bos?: boolean;
  /** Takes control tokens spelled out in the text, such as `</s>`, as such. Default false. */
  readonly special?: boolean;
}

export interface TokenizeLongOptions extends TokenizeOptions {
  /** Ends the work, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface DetokenizeOptions {
  /** Shows control tokens by name. Default false. */
  readonly special?: boolean;
}

// JavaScript knows no private constructors.
const own = Symbol("CodeLlama");

/** A model in this process, and its file. */
interface LoadedModel {
  readonly engine: LocalEngine;
  readonly path: string;
}

/**
 * A loaded model and its engine, here or at a remote. Any number of requests may run side by side.
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
   * Loads a GGUF file on a thread of its own.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`, `MODEL_INVALID`,
   *   `MODEL_UNSUPPORTED`, `OUT_OF_MEMORY`, `BACKEND_FAILED`, `ADDON_MISSING`; or the reason of
   *   `options.signal`
   */
  static async load(modelPath: string, options: LoadOptions = {}): Promise<CodeLlama> {
    const { onProgress, signal, ...rest } = checkLoadOptions(options);
    const native = nativeLoadOptions(modelPath, rest);
    const engine = await withOwnSignal(signal, (own) => LocalEngine.start(native, onProgress, own));
    const capabilities = capabilitiesOf(engine.model, basename(modelPath));
    return new CodeLlama(own, engine, capabilities, { engine, path: modelPath });
  }

  /**
   * The same API over a remote engine that speaks OpenAI's dialect: our own server, llama-server,
   * vLLM, TGI, LMDeploy and others. With `tokenizer` prompts are made here, token for token. What
   * the remote cannot do, or not as asked, is refused with `CAPABILITY_MISSING`.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND` for a model that it has not,
   *   `REMOTE_FAILED`; for the tokenizer's file as `load`; or the reason of `options.signal`
   *
   * @example
   * const llama = await CodeLlama.connect("http://gpu.example:8080", {
   *   apiKey: process.env.CODELLAMA_API_KEY,
   *   tokenizer: "codellama-7b.Q4_K_M.gguf",
   * });
   */
  static async connect(url: string | URL, options: ConnectOptions = {}): Promise<CodeLlama> {
    // Whoever loads models here does not wait for it.
    const { connect } = await import("./remote/connect.ts");
    const { engine, capabilities } = await connect(url, options);
    return new CodeLlama(own, engine, capabilities, undefined);
  }

  /**
   * Lists what there is to compute on, on another thread: a GPU's driver may take a second at first.
   * @throws CodeLlamaError `ADDON_MISSING`
   */
  static devices(): Promise<readonly DeviceInfo[]> {
    return listDevices();
  }

  /** `"failed"`: a failure stopped the engine, and the model has to be loaded again. */
  get state(): EngineState {
    return this.#engine.state;
  }

  /** Which device computes how many layers; none here where a remote does. */
  get placement(): Placement {
    return this.#engine.model.placement;
  }

  get model(): ModelInfo {
    return this.#engine.model;
  }

  /** The names of the LoRA adapters that were loaded, in their order. */
  get loras(): readonly string[] {
    return this.#engine.loras.map(({ name }) => name);
  }

  /**
   * Tokens that one sequence may have, its prompt and what is generated together; `Infinity` where a
   * remote does not tell.
   */
  get contextSize(): number {
    return this.#engine.contextSize;
  }

  /**
   * Continues a text, or a prompt of tokens taken as they are. A text gets the
   * beginning-of-sequence token in front where the model wants one.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`, `CAPABILITY_MISSING` at once; the
   *   generation rejects with `CONTEXT_OVERFLOW`, `INVALID_ARGUMENT` (a token id that is none),
   *   `CLOSED`, `OUT_OF_MEMORY` or `BACKEND_FAILED`
   */
  generate(prompt: string | Int32Array, options: GenerateOptions = {}): Generation {
    return new Generation(complete(this.#engine, this.capabilities, prompt, options));
  }

  /**
   * Fills the hole between `prefix` and `suffix`, or the holes that a text marks with `<FILL_ME>`
   * (or `<FILL>`), token for token as Meta's reference does. Ends by itself.
   * @throws CodeLlamaError as `generate`; `CAPABILITY_MISSING` for a model that cannot
   */
  infill(input: string | InfillInput, options: InfillOptions = {}): Generation<InfillResult> {
    return new Generation(infill(this.#engine, this.capabilities, input, options));
  }

  /**
   * Answers a dialog: at most one system message, then user and assistant by turns, the user last.
   * @throws CodeLlamaError as `generate`, naming the message that is wrong; `CAPABILITY_MISSING`
   *   for a model that was not taught to, without `force`
   */
  chat(messages: readonly ChatMessage[], options: ChatOptions = {}): Generation {
    return new Generation(chat(this.#engine, this.capabilities, messages, options));
  }

  /**
   * Makes a vector of each text, or of tokens taken as they are: the hidden states behind its tokens, pooled and of length 1. Code
   * Llama was not trained for it; models that were give better ones.
   * @throws CodeLlamaError as `generate`
   */
  async embed(
    texts: EmbedInput | readonly EmbedInput[],
    options: EmbedOptions = {},
  ): Promise<EmbedResult> {
    return embed(this.#engine, texts, options).result;
  }

  /**
   * How well the model foresees a text of any length, or tokens taken as they are.
   * @throws CodeLlamaError as `generate`
   */
  async perplexity(
    text: string | Int32Array,
    options: PerplexityOptions = {},
  ): Promise<PerplexityResult> {
    return perplexity(this.#engine, text, options).result;
  }

  /**
   * Computes a prompt, a system text or a repository's files, and writes what the KV cache holds of
   * it into a file, so that `loadPrefix` need not compute it again.
   * @throws CodeLlamaError as `generate`; `CAPABILITY_MISSING` for models whose memory cannot be
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
   * Reads such a file. Prompts that begin as the saved one take it over from then on. It stays in
   * host memory until `close()`. Files are trusted: load none from strangers.
   * @throws CodeLlamaError `INVALID_ARGUMENT` for a file of another model or version, or a damaged
   *   one; `CONTEXT_OVERFLOW`, `CLOSED`
   */
  async loadPrefix(path: string): Promise<PrefixResult> {
    const { engine, path: modelPath } = this.#requireLoaded("loadPrefix()");
    return loadPrefix(engine, modelPath, path);
  }

  /**
   * A conversation that grows; from its beginning, or from what a session's `toJSON()` gave.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`
   */
  session(options: SessionOptions | SessionData = {}): ChatSession {
    this.#engine.requireContext("session()");
    return openSession(this.#engine, this.capabilities, readSessionOptions(options));
  }

  /**
   * The prompt that `infill` gives the model for one hole. With token healing the engine takes its
   * last token off again where the suffix comes first.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CAPABILITY_MISSING`, `CLOSED`
   */
  encodeInfill(input: string | InfillInput): Int32Array {
    return encodeInfill(this.#engine, this.capabilities, input);
  }

  /**
   * The prompt that `chat` gives the model.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message; `CLOSED`
   */
  encodeChat(messages: readonly ChatMessage[], options: EncodeChatOptions = {}): Int32Array {
    return encodeChat(this.#engine, this.capabilities, messages, options);
  }

  /**
   * The text of the prompt that `chat` gives the model, with its control tokens spelled out. A long
   * dialog is laid out in slices between other work.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, naming the message; `CLOSED`
   */
  async renderChat(
    messages: readonly ChatMessage[],
    options: EncodeChatOptions = {},
  ): Promise<string> {
    return renderChat(this.#engine, this.capabilities, messages, options);
  }

  /**
   * A text's tokens, as CodeLlama's SentencePiece gives them: with the implicit leading space.
   * On the calling thread, at some megabytes a second.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`
   */
  tokenize(text: string, options: TokenizeOptions = {}): Int32Array {
    const where = "tokenize()";
    const { bos = false, special = false } = checkText(text, options, where);
    this.#engine.requireOpen(where);
    return this.#engine.vocabulary(where).tokenize(text, bos, special);
  }

  /**
   * As `tokenize`, but a long text is taken on another thread.
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

  /** The number of a text's tokens; as `tokenize(text, options).length`. */
  countTokens(text: string, options: TokenizeOptions = {}): number {
    return this.tokenize(text, options).length;
  }

  /**
   * Cuts long source before declarations and behind blank lines, for prompts. Without an overlap
   * the pieces, put together, are the text. On the calling thread.
   * @throws CodeLlamaError `INVALID_ARGUMENT`, `CLOSED`
   */
  splitCode(text: string, options: SplitOptions): string[] {
    const where = "splitCode()";
    checkValue(text, anyText, `${where}: text`);
    const checked = checkSplitOptions(options, where);
    return splitCode(text, checked, (piece) => this.countTokens(piece));
  }

  /**
   * The text of tokens; the inverse of `tokenize`. Bytes that are no whole character become
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
   * A token's bytes inside a text, which need be no whole characters; a control token's are its name.
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
   * Ends what is under way with `CLOSED`, stops the engine and frees all memory. Resolves when
   * that is done. May be called again.
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
      `${where}: a remote engine's KV cache cannot be had`,
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
