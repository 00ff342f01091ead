import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import {
  BaseLLM,
  type BaseLLMCallOptions,
  type BaseLLMParams,
} from "@langchain/core/language_models/llms";
import { GenerationChunk, type LLMResult } from "@langchain/core/outputs";
import type { CodeLlama } from "../../codellama.ts";
import { type GenerateOptions, generateTable } from "../../options/generate.ts";
import { requireModel } from "../../options/model.ts";
import { checkCall } from "../../options/request.ts";
import { checkParameters, ownOptions, requireOneAnswer } from "./call-options.ts";

/** Options of one call: those of `CodeLlama.generate()` beside LangChain's. */
export interface CodeLlamaLlmCallOptions
  extends BaseLLMCallOptions,
    Omit<GenerateOptions, "signal" | "stop"> {
  /** The same in one object; those beside it go first. */
  readonly generate?: GenerateOptions;
}

/**
 * A completion model for LangChain.js, by a loaded model, in this process. With `n` each prompt has
 * that many generations, of which `invoke` gives the first. Calls reject with a CodeLlamaError
 * `INVALID_ARGUMENT` for options that cannot be taken.
 */
export class CodeLlamaLlm extends BaseLLM<CodeLlamaLlmCallOptions> {
  readonly #llama: CodeLlama;
  readonly #options: GenerateOptions;

  /**
   * @param options - of every call; those of a call go first
   * @throws CodeLlamaError `INVALID_ARGUMENT`
   */
  constructor(llama: CodeLlama, options: GenerateOptions = {}, parameters: BaseLLMParams = {}) {
    super(checkParameters(parameters, "new CodeLlamaLlm()"));
    requireModel(llama, "new CodeLlamaLlm()");
    this.#llama = llama;
    this.#options = checkCall(options, generateTable, "new CodeLlamaLlm()");
  }

  static override lc_name(): string {
    return "CodeLlamaLlm";
  }

  override _llmType(): string {
    return "node-codellama";
  }

  override async _generate(prompts: string[], call: this["ParsedCallOptions"]): Promise<LLMResult> {
    const options = this.#optionsOf(call);
    const results = await Promise.all(
      prompts.map((prompt) => this.#llama.generate(prompt, options)),
    );
    return {
      generations: results.map((result) =>
        (result.choices ?? [result]).map(({ text, finishReason }) => ({
          text,
          generationInfo: { finishReason },
        })),
      ),
    };
  }

  override async *_streamResponseChunks(
    prompt: string,
    call: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<GenerationChunk> {
    const options = this.#optionsOf(call);
    requireOneAnswer(options);
    for await (const { text } of this.#llama.generate(prompt, options)) {
      yield new GenerationChunk({ text });
      await runManager?.handleLLMNewToken(text);
    }
  }

  #optionsOf(call: this["ParsedCallOptions"]): GenerateOptions {
    const { generate, stop, signal } = call;
    const { generate: _, ...own } = ownOptions(call) as CodeLlamaLlmCallOptions;
    return {
      ...this.#options,
      ...generate,
      ...own,
      ...(stop !== undefined && { stop }),
      ...(signal !== undefined && { signal }),
    };
  }
}
