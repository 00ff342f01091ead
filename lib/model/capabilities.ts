import { CodeLlamaError } from "../errors.ts";
import type { ModelInfo } from "../native/model-info.ts";

/** How a dialog becomes a prompt. With `"remote"` the remote server formats it. */
export type ChatFormat = "llama-2" | "codellama-70b" | "template" | "remote";

/** What a loaded model can do. */
export interface Capabilities {
  /** The model continues a text. True for every model. */
  readonly completion: true;
  /** The model fills in the middle: its vocabulary has the tokens, and it was trained on them. */
  readonly infill: boolean;
  /** The model answers a dialog. True for instruct models. */
  readonly chat: boolean;
  /** The model is a Python specialist. True for Code Llama's Python models. */
  readonly python: boolean;
  /** Variant of Code Llama. Undefined for other models. */
  readonly codeLlama: "base" | "python" | "instruct" | undefined;
  /** Undefined if the model has no chat format. */
  readonly chatFormat: ChatFormat | undefined;
}

/** The metadata that capabilities follow from. */
export type ModelTraits = Pick<
  ModelInfo,
  "architecture" | "name" | "finetune" | "layers" | "chatTemplate" | "specialTokens"
>;

// Code Llama's table (https://github.com/facebookresearch/codellama): the base and instruct models
// of 7B, 13B and 70B can infill. The 34B models and the Python models cannot.
const layersOf34B = 48;
const layersOf70B = 80;

/**
 * Derives a model's capabilities from its metadata, its vocabulary and its file name.
 * @param fileName - needed because some files of 2023 name the model "LLaMA v2" in their metadata
 */
export function capabilitiesOf(model: ModelTraits, fileName: string): Capabilities {
  const { prefix, suffix, middle } = model.specialTokens;
  const twoInfillTokens = prefix !== undefined && suffix !== undefined;
  const hasInfillTokens = twoInfillTokens && middle !== undefined;
  const names = `${model.name} ${model.finetune} ${fileName}`;
  const isCodeLlama = model.architecture === "llama" && /code[-_ ]?llama/i.test(names);
  if (!isCodeLlama) {
    const chat = model.chatTemplate !== "";
    return {
      completion: true,
      // Codestral has no token for the middle and infills without it.
      infill: twoInfillTokens,
      chat,
      python: false,
      codeLlama: undefined,
      chatFormat: chat ? "template" : undefined,
    };
  }
  const variant = codeLlamaVariant(names, model);
  const chat = variant === "instruct";
  const is70b = model.layers === layersOf70B && model.specialTokens.step !== undefined;
  return {
    completion: true,
    infill: hasInfillTokens && variant !== "python" && model.layers !== layersOf34B,
    chat,
    python: variant === "python",
    codeLlama: variant,
    chatFormat: is70b ? "codellama-70b" : "llama-2",
  };
}

function codeLlamaVariant(names: string, model: ModelTraits): "base" | "python" | "instruct" {
  if (/python/i.test(names)) return "python";
  if (/instruct|chat/i.test(names)) return "instruct";
  // Meta's base models have a size in their names, and some carry an instruct model's template.
  if (/(7|13|34|70)b/i.test(names)) return "base";
  return /\[INST\]|Source: /.test(model.chatTemplate) ? "instruct" : "base";
}

/** @throws CodeLlamaError `CAPABILITY_MISSING`, naming the Code Llama models that can */
export function requireCapability(
  capabilities: Capabilities,
  capability: "infill" | "chat" | "python",
  modelName: string,
  where: string,
): void {
  if (capabilities[capability]) return;
  throw new CodeLlamaError(
    "CAPABILITY_MISSING",
    `${where}: ${modelName === "" ? "this model" : modelName} ${advice[capability]}`,
  );
}

const advice = {
  infill:
    "cannot fill in the middle: its vocabulary lacks the tokens, or it was not trained to. " +
    "Use Code Llama 7B, 13B or 70B, base or instruct (not 34B, not Python)",
  chat:
    "cannot chat: it is not an instruct model and would not stop. " +
    "Use a Code Llama instruct model, or force: true to try anyway",
  python: "is not a Python specialist. Use a Code Llama Python model",
} as const;
