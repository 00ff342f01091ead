import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import {
  type BaseLLMCallOptions,
  type BaseLLMParams,
  LLM,
} from "@langchain/core/language_models/llms";
import { GenerationChunk } from "@langchain/core/outputs";
import type { CodeLlama } from "../codellama.ts";
import type { GenerateOptions } from "../options/generate.ts";

/** Options of one call: those of `CodeLlama.generate()` beside LangChain's. */
export interface CodeLlamaLlmCallOptions extends BaseLLMCallOptions {
  readonly generate?: GenerateOptions;
}

/** A completion model for LangChain.js, by a loaded model, in this process. */
export class CodeLlamaLlm extends LLM<CodeLlamaLlmCallOptions> {
  readonly #llama: CodeLlama;
  readonly #options: GenerateOptions;

  /** @param options - of every call; those of a call go first */
  constructor(llama: CodeLlama, options: GenerateOptions = {}, parameters: BaseLLMParams = {}) {
    super(parameters);
    this.#llama = llama;
    this.#options = options;
  }

  static override lc_name(): string {
    return "CodeLlamaLlm";
  }

  override _llmType(): string {
    return "node-codellama";
  }

  override async _call(prompt: string, options: this["ParsedCallOptions"]): Promise<string> {
    return (await this.#llama.generate(prompt, this.#optionsOf(options))).text;
  }

  override async *_streamResponseChunks(
    prompt: string,
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<GenerationChunk> {
    for await (const { text } of this.#llama.generate(prompt, this.#optionsOf(options))) {
      yield new GenerationChunk({ text });
      await runManager?.handleLLMNewToken(text);
    }
  }

  #optionsOf({ generate, stop, signal }: this["ParsedCallOptions"]): GenerateOptions {
    return {
      ...this.#options,
      ...generate,
      ...(stop !== undefined && { stop }),
      ...(signal !== undefined && { signal }),
    };
  }
}
