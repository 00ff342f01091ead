import type {
  EngineCall,
  EnginePort,
  PreparedPrompt,
  Prompt,
  RequestOutcome,
  RunningRequest,
  Vocabulary,
} from "../../lib/engine/port.ts";
import { prepareWith, promptLength } from "../../lib/engine/port.ts";
import type { Capabilities } from "../../lib/model/capabilities.ts";
import type {
  FinishReason,
  NativeModel,
  NativeOutput,
  PromptPart,
} from "../../lib/native/binding.ts";

/** Gives each character one token: its UTF-16 unit. */
class FakeVocabulary implements Vocabulary {
  /** Number of encodings so far. */
  encodings = 0;
  /** Makes `encodeLong` return promises that resolve in a later turn of the event loop. */
  isSlow = false;

  encode(parts: readonly PromptPart[]): Int32Array {
    this.encodings++;
    return Int32Array.from(
      parts.flatMap((part) =>
        typeof part === "number" ? [part] : [...part.text].map((each) => each.charCodeAt(0)),
      ),
    );
  }

  encodeLong(parts: readonly PromptPart[], _limit: number, stop?: AbortSignal) {
    const tokens = this.encode(parts);
    if (!this.isSlow) return tokens;
    return new Promise<Int32Array>((resolve, reject) => {
      setTimeout(resolve, 20, tokens);
      stop?.addEventListener("abort", () => reject(stop.reason));
    });
  }

  tokenize(text: string): Int32Array {
    return this.encode([{ text }]);
  }

  detokenize(tokens: Int32Array): string {
    return String.fromCharCode(...tokens);
  }

  tokenBytes(token: number): Uint8Array {
    return Uint8Array.of(token);
  }
}

/** A request that a test answers. */
export class FakeRequest implements RunningRequest {
  readonly call: EngineCall;
  readonly outcome: Promise<RequestOutcome>;
  isPaused = false;
  isCancelled = false;
  readonly #onOutput: (output: NativeOutput) => void;
  #resolve: (outcome: RequestOutcome) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  #tokens = 0;

  constructor(call: EngineCall, onOutput: (output: NativeOutput) => void) {
    this.call = call;
    this.#onOutput = onOutput;
    this.outcome = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Generates text: one token for each character. */
  generate(text: string, logprob?: number): this {
    const tokens = [...text].map((each) => each.charCodeAt(0));
    this.#tokens += tokens.length;
    const logprobs = tokens.map((token) => ({ token, text: "", logprob: logprob ?? 0, top: [] }));
    this.#onOutput({
      type: "text",
      id: 0,
      text,
      tokens,
      ...(logprob !== undefined && { logprobs }),
    });
    return this;
  }

  finish(finishReason: FinishReason = "stop"): void {
    const promptTokens = promptLength(this.call.prompt);
    this.#resolve({
      ...{ finishReason, stopString: "", promptTokens, completionTokens: this.#tokens },
      ...{ cachedTokens: 0, draftTokens: 0, acceptedTokens: 0 },
      ...{ queuedMs: 0, prefillMs: 0, decodeMs: 0 },
    });
  }

  fail(reason: unknown): void {
    this.#reject(reason);
  }

  cancel(): void {
    this.isCancelled = true;
    this.finish("abort");
  }

  setPaused(paused: boolean): void {
    this.isPaused = paused;
  }
}

/** What a fake chat model of the Llama-2 format can do. */
export const fakeCapabilities: Capabilities = {
  completion: true,
  infill: true,
  chat: true,
  python: false,
  codeLlama: "instruct",
  chatFormat: "llama-2",
  reasons: { infill: "it is a fake", chat: "it is a fake", python: "it is a fake" },
};

const model: NativeModel = {
  ...{ architecture: "llama", name: "fake", finetune: "", fileType: "", chatTemplate: "" },
  ...{ parameters: 0, sizeBytes: 0, trainingContextSize: 0, embeddingLength: 1, layers: 1 },
  vocabularySize: 2 ** 16,
  specialTokens: { bos: 1, eos: 2, prefix: 3, suffix: 4, middle: 5, eot: 6 },
  endOfGenerationTokens: [2, 6],
  addsBos: true,
  placement: { devices: [] },
};

/** An engine whose requests the test answers: no model, no thread. */
export class FakeEngine implements EnginePort {
  readonly model = model;
  readonly contextSize: number;
  readonly loras = [];
  readonly healsTokens = true;
  readonly state = "ready";
  readonly tokens = new FakeVocabulary();
  /** All requests so far. */
  readonly requests: FakeRequest[] = [];
  readonly #respond: ((request: FakeRequest) => void) | undefined;
  #lastGroup = 0;

  /** @param respond - answers each request; without it, the test answers them itself */
  constructor(contextSize = 1000, respond?: (request: FakeRequest) => void) {
    this.contextSize = contextSize;
    this.#respond = respond;
  }

  /** The request with that index. */
  request(index: number): FakeRequest {
    const request = this.requests[index];
    if (request === undefined) throw new RangeError(`there is no request ${index}`);
    return request;
  }

  requireOpen(): void {}

  requireContext(): void {}

  vocabulary(): Vocabulary {
    return this.tokens;
  }

  prepare(prompt: Prompt): PreparedPrompt {
    return prepareWith(this.tokens, prompt, this.contextSize);
  }

  newGroup(): number {
    this.#lastGroup++;
    return this.#lastGroup;
  }

  submit(call: EngineCall, onOutput: (output: NativeOutput) => void): RunningRequest {
    const request = new FakeRequest(call, onOutput);
    this.requests.push(request);
    if (this.#respond !== undefined) queueMicrotask(() => this.#respond?.(request));
    return request;
  }

  compile(): object {
    return {};
  }

  stats(): never {
    throw new RangeError("a fake engine has no stats");
  }

  async close(): Promise<void> {}
}
