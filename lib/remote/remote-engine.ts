import { isUtf8 } from "node:buffer";
import { isDeepStrictEqual, types } from "node:util";
import { Compilations } from "../engine/compilations.ts";
import type { LocalEngine } from "../engine/local-engine.ts";
import { resultOf } from "../engine/native-work.ts";
import {
  type Compiled,
  type EngineCall,
  type EnginePort,
  type EnginePrompt,
  type EngineState,
  noPromptLimit,
  type PreparedPrompt,
  type Prompt,
  prepareWith,
  promptLength,
  type RemoteText,
  type RunningRequest,
  type Vocabulary,
} from "../engine/port.ts";
import { CodeLlamaError } from "../errors.ts";
import type { NativeModel, NativeOutput } from "../native/binding.ts";
import type { EngineStats } from "../native/model-info.ts";
import { RemoteBeamSearch } from "./beam-search.ts";
import type { Dialect, RemoteFacts, Spelling } from "./dialects/dialect.ts";
import type { HttpClient } from "./http-client.ts";
import { newStop } from "./local-stop.ts";
import { RemoteRequest } from "./remote-request.ts";

export interface RemoteEngineOptions {
  readonly client: HttpClient;
  readonly dialect: Dialect;
  readonly modelId: string;
  readonly model: NativeModel;
  /** In tokens; `Infinity` if unknown. */
  readonly contextSize: number;
  /** The remote model's vocabulary; undefined if `connect()` got no tokenizer. */
  readonly vocabulary: LocalEngine | undefined;
}

// Maximum characters or tokens of a prompt, which is sent as one JSON text.
const longestPrompt = 2 ** 24;

/** An engine on a remote server, used over HTTP. */
export class RemoteEngine implements EnginePort {
  readonly model: NativeModel;
  readonly contextSize: number;
  readonly loras = [];
  readonly healsTokens: boolean;
  readonly #options: RemoteEngineOptions;
  readonly #facts: RemoteFacts;
  readonly #running = new Set<RemoteRequest>();
  readonly #compilations = new Compilations();
  /** Each function rejects a caller that waits for a compilation. */
  readonly #waiting = new Set<(reason: Error) => void>();
  readonly #counts = { hit: 0, miss: 0, draft: 0, accepted: 0 };
  #closing: Promise<void> | undefined;
  #lastGroup = 0;

  constructor(options: RemoteEngineOptions) {
    const { model, contextSize, vocabulary, dialect, modelId } = options;
    this.#options = options;
    this.model = model;
    this.contextSize = contextSize;
    this.healsTokens = dialect.healsTokens;
    this.#facts = {
      modelId,
      contextSize,
      vocabularySize: model.vocabularySize || Infinity,
      ends: vocabulary === undefined ? [] : model.endOfGenerationTokens,
      spell: vocabulary && spellWith(vocabulary),
    };
  }

  get state(): EngineState {
    return this.#closing === undefined ? "ready" : "closed";
  }

  requireOpen(where: string): void {
    if (this.#closing !== undefined) {
      throw new CodeLlamaError("CLOSED", `${where}: this CodeLlama is closed`);
    }
  }

  requireContext(where: string): void {
    this.requireOpen(where);
  }

  vocabulary(user: string): Vocabulary {
    const { vocabulary } = this.#options;
    if (vocabulary !== undefined) return vocabulary;
    throw new CodeLlamaError(
      "CAPABILITY_MISSING",
      `${user} needs the remote model's vocabulary; pass its GGUF file to connect() as tokenizer`,
    );
  }

  prepare(prompt: Prompt): PreparedPrompt {
    const { vocabulary } = this.#options;
    if (vocabulary !== undefined) {
      return prepareWith(vocabulary, prompt, Math.min(this.contextSize, noPromptLimit));
    }
    if (prompt.needsVocabulary !== undefined) this.vocabulary(prompt.needsVocabulary);
    const source = prompt.source();
    return () => source;
  }

  newGroup(): number {
    this.#lastGroup++;
    return this.#lastGroup;
  }

  submit(call: EngineCall & Compiled, onOutput: (output: NativeOutput) => void): RunningRequest {
    const { beamSearch, prompt } = call;
    if (beamSearch === undefined) return this.#send(call, onOutput);
    const vocabulary = this.vocabulary("beams");
    if (newStop(call) !== undefined) {
      throw new CodeLlamaError(
        "CAPABILITY_MISSING",
        "beams: a beam search on a remote server takes only texts as stop, and no stopAt",
      );
    }
    if (!types.isInt32Array(prompt)) throw new TypeError("a beam search needs a prompt of tokens");
    return new RemoteBeamSearch(
      { ...call, prompt, beamSearch },
      {
        vocabulary,
        ends: this.model.endOfGenerationTokens,
        contextSize: this.contextSize,
        run: (step, onLogprobs) =>
          this.#send(step, (output) => {
            if (output.type === "text") onLogprobs(output.logprobs ?? []);
          }),
      },
    );
  }

  #send(call: EngineCall & Compiled, onOutput: (output: NativeOutput) => void): RemoteRequest {
    this.requireOpen("the remote engine");
    this.#requireRoom(call.prompt);
    const { client, dialect } = this.#options;
    const prompt = this.#asTaken(call.prompt);
    // A server that lays the hole out also decides about token healing.
    const decidesHealing = !types.isInt32Array(prompt) && "prefix" in prompt;
    const tokenHealing = decidesHealing ? undefined : call.tokenHealing;
    const sent = { ...call, prompt, tokenHealing };
    const exchange = dialect.exchange(sent, this.#facts);
    const request = new RemoteRequest(client, exchange, sent, this.#facts, onOutput);
    this.#running.add(request);
    request.outcome
      .then((outcome) => {
        this.#counts.hit += outcome.cachedTokens;
        this.#counts.miss += outcome.promptTokens - outcome.cachedTokens;
        this.#counts.draft += outcome.draftTokens;
        this.#counts.accepted += outcome.acceptedTokens;
      })
      .catch(() => {})
      .finally(() => this.#running.delete(request));
    return request;
  }

  /** Compiles only stop patterns: the remote server compiles structures. */
  compile(
    { patterns }: Pick<EngineCall, "patterns">,
    stop?: AbortSignal,
  ): Compiled | Promise<Compiled> {
    return this.#compilations.ofCall({ patterns }, (work) => resultOf(work, stop, this.#waiting));
  }

  /** Counts only the requests of this engine, not the other work of the remote server. */
  stats(): EngineStats {
    const { hit, miss, draft, accepted } = this.#counts;
    return {
      running: this.#running.size,
      queued: 0,
      kvCellsUsed: 0,
      kvCellsCached: 0,
      kvCells: 0,
      contextSize: this.contextSize,
      promptCacheBytes: 0,
      prefixHitTokens: hit,
      prefixMissTokens: miss,
      draftTokens: draft,
      acceptedTokens: accepted,
      prefillTokensPerSecond: 0,
      decodeTokensPerSecond: 0,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const running = [...this.#running];
    const closed = new CodeLlamaError("CLOSED", "the connection was closed");
    for (const end of this.#waiting) end(closed);
    for (const request of running) request.fail(closed);
    await Promise.allSettled(running.map(({ outcome }) => outcome));
    this.#options.client.close();
    await this.#options.vocabulary?.close();
  }

  #requireRoom(prompt: EnginePrompt): void {
    const length = promptLength(prompt);
    if (length >= this.contextSize) {
      throw new CodeLlamaError(
        "CONTEXT_OVERFLOW",
        `the prompt must have fewer than ${this.contextSize} tokens, the remote context window ` +
          `(got ${length})`,
      );
    }
    const size = promptSize(prompt);
    if (size <= longestPrompt) return;
    throw new CodeLlamaError(
      "CONTEXT_OVERFLOW",
      `the prompt must have at most ${longestPrompt} characters or tokens (got ${size})`,
    );
  }

  /** Converts tokens to text for a server that accepts only text. */
  #asTaken(prompt: EnginePrompt): EnginePrompt {
    const { dialect } = this.#options;
    if (!types.isInt32Array(prompt) || dialect.takesTokens) return prompt;
    return this.#spelled(prompt);
  }

  /**
   * Spells tokens as text. For Code Llama this gives Meta's layout, `<PRE> {prefix} <SUF>{suffix}
   * <MID>`. The text may encode to other tokens, so the result is checked.
   */
  #spelled(prompt: Int32Array): RemoteText {
    const { name } = this.#options.dialect;
    const vocabulary = this.vocabulary(`a prompt of tokens for ${name}`);
    const { addsBos, specialTokens } = this.model;
    const begins = addsBos && prompt[0] === specialTokens.bos;
    // SentencePiece shows a space as "\u2581" in control tokens and implies one at the start of a text.
    const spelled = vocabulary
      .detokenize(begins ? prompt.subarray(1) : prompt, true)
      .replaceAll("\u2581", " ");
    for (const text of [spelled, spelled.replace(/^ /, "")]) {
      const again = vocabulary.tokenize(text, begins, true);
      if (isDeepStrictEqual(again, prompt)) return { text, special: true };
    }
    throw new CodeLlamaError(
      "CAPABILITY_MISSING",
      `${name} accepts only text prompts, and no text encodes to the tokens of this prompt`,
    );
  }
}

/** Returns the number of characters or tokens of a prompt. */
function promptSize(prompt: EnginePrompt): number {
  if (types.isInt32Array(prompt)) return prompt.length;
  if ("text" in prompt) return prompt.text.length;
  if ("prefix" in prompt) return prompt.prefix.length + prompt.suffix.length;
  return prompt.messages.reduce((size, { content }) => size + content.length, 0);
}

/** Spells tokens as they appear inside a text, not at its start. */
function spellWith(vocabulary: LocalEngine): (token: number) => Spelling {
  const [before = 0] = vocabulary.tokenize("a", false, false).slice(-1);
  return (token) => {
    const text = vocabulary.detokenize(Int32Array.of(before, token), false).slice(1);
    if (!text.includes("\uFFFD")) return { text };
    const bytes = vocabulary.tokenBytes(token);
    return isUtf8(bytes) ? { text } : { text, bytes };
  };
}
