import { CodeLlamaError } from "../errors.ts";
import type { ModelInfo } from "../native/model-info.ts";

/** How a dialog becomes a prompt; `"remote"`: a remote engine sees to it. */
export type ChatFormat = "llama-2" | "codellama-70b" | "template" | "remote";

/** What a loaded model can do. */
export interface Capabilities {
  /** Continue a text: every model can. */
  readonly completion: true;
  /** Fill a hole in a text: models whose vocabulary has the tokens for it and that know them. */
  readonly infill: boolean;
  /** Answer a dialog: instruct models. */
  readonly chat: boolean;
  /** A Python specialist: Code Llama's Python models. */
  readonly python: boolean;
  /** Which Code Llama it is; undefined for other models. */
  readonly codeLlama: "base" | "python" | "instruct" | undefined;
  readonly chatFormat: ChatFormat | undefined;
}

/** What capabilities are read off. */
export type ModelTraits = Pick<
  ModelInfo,
  "architecture" | "name" | "finetune" | "layers" | "chatTemplate" | "specialTokens"
>;

// Code Llama's table (https://github.com/facebookresearch/codellama): infill is for base and
// instruct of 7B, 13B and 70B, not for 34B and the Python models.
const layersOf34B = 48;
const layersOf70B = 80;

/**
 * Reads a model's capabilities off its file's metadata, its vocabulary and the file's name.
 * @param fileName - files of 2023 may be called "LLaMA v2" inside
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
      // Codestral gets along without a token for the middle.
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
  // Meta's own base models have a size in their names, and at times an instruct model's template.
  if (/(7|13|34|70)b/i.test(names)) return "base";
  return /\[INST\]|Source: /.test(model.chatTemplate) ? "instruct" : "base";
}

/** @throws CodeLlamaError `CAPABILITY_MISSING`, saying which Code Llama can */
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
    "cannot fill in the middle: it has no tokens for it, or was not taught to. " +
    "Code Llama 7B, 13B and 70B can, base and instruct (not 34B, not Python)",
  chat:
    "is no instruct model and would ramble without end. Code Llama's instruct models can chat; " +
    "force: true tries all the same",
  python: "is no Python specialist; Code Llama's Python models are",
} as const;
