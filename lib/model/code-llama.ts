import type { ModelInfo } from "../native/model-info.ts";

/** Variant of Code Llama. */
export type CodeLlamaVariant = "base" | "python" | "instruct";

/** The metadata that capabilities follow from. */
export type ModelTraits = Pick<
  ModelInfo,
  | "architecture"
  | "name"
  | "finetune"
  | "layers"
  | "chatTemplate"
  | "specialTokens"
  | "vocabularySize"
>;

/** A fact, and what it follows from, in words that complete "because". */
export interface Finding<Value> {
  readonly value: Value;
  readonly reason: string;
}

// Code Llama's table (https://github.com/facebookresearch/codellama): 34B and the Python models of 7B
// and 13B have Llama 2's vocabulary; the base and instruct models of 7B, 13B and 70B have 16 more pieces.
const llama2Vocabulary = 32_000;
const layersOf7B = 32;
const layersOf13B = 40;

/**
 * Whether a model is a Code Llama. The metadata and the vocabulary count before the file's name.
 * @param fileName - needed because some files of 2023 name the model "LLaMA v2" in their metadata
 */
export function isCodeLlama(model: ModelTraits, fileName: string): boolean {
  if (model.architecture !== "llama") return false;
  const isNamed = (text: string) => /code[-_ ]?llama/i.test(text);
  if (isNamed(`${model.name} ${model.finetune}`)) return true;
  // Models that were trained further have the vocabulary too, and a template of their own.
  if (hasOwnPieces(model) && (model.chatTemplate === "" || hasInstructTemplate(model))) return true;
  return isNamed(fileName);
}

/** Whether the infill tokens are where only Code Llama has them. */
function hasOwnPieces({ specialTokens: { prefix, suffix, middle } }: ModelTraits): boolean {
  return prefix === 32007 && suffix === 32008 && middle === 32009;
}

function hasInstructTemplate({ chatTemplate }: ModelTraits): boolean {
  return /\[INST\]|Source: /.test(chatTemplate);
}

/** The variant of a Code Llama: by its metadata, its vocabulary, its chat template, then its file's name. */
export function variantOf(model: ModelTraits, fileName: string): Finding<CodeLlamaVariant> {
  const { name, finetune, specialTokens, vocabularySize, layers } = model;
  const metadata = `${name} ${finetune}`.trim();
  const told = variantIn(metadata);
  if (told !== undefined) return { value: told, reason: `its metadata names it "${metadata}"` };
  if (specialTokens.step !== undefined) {
    return { value: "instruct", reason: "its vocabulary has the token <step>" };
  }
  const isSmall = layers === layersOf7B || layers === layersOf13B;
  if (isSmall && vocabularySize === llama2Vocabulary) {
    return { value: "python", reason: "its vocabulary lacks the pieces of the other models" };
  }
  const named = variantIn(fileName);
  // Some files of base models carry an instruct model's template.
  const isBase = /code[-_ ]?llama.*(7|13|34|70)b/i.test(name) && named === undefined;
  if (hasInstructTemplate(model) && !isBase) {
    return { value: "instruct", reason: "its chat template is an instruct model's" };
  }
  if (named !== undefined) {
    return { value: named, reason: `its name is "${fileName}", and its metadata does not say` };
  }
  return {
    value: "base",
    reason: "neither its metadata nor its chat template nor its name says instruct",
  };
}

function variantIn(names: string): CodeLlamaVariant | undefined {
  if (/python/i.test(names)) return "python";
  return /instruct|chat/i.test(names) ? "instruct" : undefined;
}
