import type { EmbeddingModelV3, LanguageModelV3, ProviderV3 } from "@ai-sdk/provider";
import { NoSuchModelError } from "@ai-sdk/provider";
import type { CodeLlama } from "../../codellama.ts";
import { anyText, checkOptions, checkValue } from "../../options/check.ts";
import { requireModel } from "../../options/model.ts";
import { CodeLlamaEmbeddingModel } from "./embedding-model.ts";
import { CodeLlamaLanguageModel } from "./language-model.ts";

/** Provider of a loaded model for the AI SDK (https://ai-sdk.dev): `generateText({ model: provider() })`. */
export interface CodeLlamaProvider extends ProviderV3 {
  (): LanguageModelV3;
  languageModel(modelId?: string): LanguageModelV3;
  embeddingModel(modelId?: string): EmbeddingModelV3;
}

/**
 * Makes a model that is loaded in this process available to the AI SDK. Results repeat the model id;
 * it has no other effect.
 * @param options - must be empty: there are no options yet
 * @throws CodeLlamaError `INVALID_ARGUMENT` if `llama` is not a loaded model, and for any option
 *
 * @example
 * const provider = createCodeLlama(await CodeLlama.load("codellama-7b-instruct.Q4_K_M.gguf"));
 * const { text } = await generateText({ model: provider(), prompt: "Sum an array in JavaScript" });
 */
export function createCodeLlama(
  llama: CodeLlama,
  options: Readonly<Record<string, never>> = {},
): CodeLlamaProvider {
  requireModel(llama, "createCodeLlama()");
  checkOptions(options, {}, "createCodeLlama()");
  const nameOf = (modelId: unknown) => checkValue(modelId, anyText, "modelId") as string;
  const languageModel = (modelId = llama.model.name) =>
    new CodeLlamaLanguageModel(llama, nameOf(modelId));
  return Object.assign(() => languageModel(), {
    specificationVersion: "v3" as const,
    languageModel,
    embeddingModel: (modelId = llama.model.name) =>
      new CodeLlamaEmbeddingModel(llama, nameOf(modelId)),
    imageModel(modelId: string): never {
      throw new NoSuchModelError({ modelId, modelType: "imageModel" });
    },
  });
}
