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

/** Options of one call: the options of `CodeLlama.generate()` and LangChain's own. */
export interface CodeLlamaLlmCallOptions
  extends BaseLLMCallOptions,
    Omit<GenerateOptions, "signal" | "stop"> {
  /** The options of `CodeLlama.generate()` in one object. Options next to it take precedence. */
  readonly generate?: GenerateOptions;
}

/**
 * Completion model for LangChain.js that runs a model loaded in this process. With `n`, each prompt
 * gets `n` generations and `invoke` returns the first. Calls reject with a CodeLlamaError
 * `INVALID_ARGUMENT` for invalid options.
 */
export class CodeLlamaLlm extends BaseLLM<CodeLlamaLlmCallOptions> {
  readonly #llama: CodeLlama;
  readonly #options: GenerateOptions;

  /**
   * @param options - defaults for every call; the options of a call take precedence
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
