import { CodeLlamaError } from "../errors.ts";
import type { PromptPart } from "../native/binding.ts";
import type { SpecialTokens } from "../native/model-info.ts";
import type { ContextFile } from "../options/infill.ts";
import type { InfillOrder } from "./infill.ts";

/**
 * Builds the infill prompt of a model other than Code Llama, with the infill tokens that its GGUF
 * file names. Prefix first is the layout of StarCoder, DeepSeek-Coder, Qwen-Coder, CodeGemma and
 * Granite (`<fim_prefix>…<fim_suffix>…<fim_middle>`). Suffix first is the layout of StarCoder's
 * paper (arXiv 2305.06161). Codestral has no middle token and only knows `[SUFFIX]…[PREFIX]…`.
 * @param files - files of the repository, the nearest last, in the layout of Qwen2.5-Coder's report
 *   (arXiv 2409.12186); empty for models without a file separator token
 */
export function fillInMiddlePrompt(
  hole: { readonly prefix: string; readonly suffix: string; readonly path?: string | undefined },
  order: InfillOrder,
  files: readonly ContextFile[],
  specialTokens: SpecialTokens,
  addsBos: boolean,
): PromptPart[] {
  const { bos, prefix: pre, suffix: suf, middle: mid } = specialTokens;
  if (pre === undefined || suf === undefined) {
    throw new CodeLlamaError("CAPABILITY_MISSING", "this model has no infill tokens");
  }
  const before: PromptPart = { text: hole.prefix, inside: true };
  const after: PromptPart = { text: hole.suffix, inside: true };
  const start = [
    ...(addsBos && bos !== undefined ? [bos] : []),
    ...repository(hole, files, specialTokens),
  ];
  if (mid === undefined) return [...start, suf, after, pre, before];
  return order === "psm"
    ? [...start, pre, before, suf, after, mid]
    : [...start, pre, suf, after, mid, before];
}

/** Whether the vocabulary has a token that separates files of a repository. */
export function hasFileTokens({ fileSeparator }: SpecialTokens): boolean {
  return fileSeparator !== undefined;
}

function repository(
  hole: { readonly path?: string | undefined },
  files: readonly ContextFile[],
  { repository: name, fileSeparator }: SpecialTokens,
): PromptPart[] {
  if (files.length === 0 || fileSeparator === undefined) return [];
  const file = (path: string, text: string): PromptPart[] => [
    fileSeparator,
    { text: `${path}\n${text}`, inside: true },
  ];
  return [
    ...(name === undefined ? [] : [name, { text: "repository\n", inside: true }]),
    ...files.flatMap(({ path, text }) => file(path, text)),
    ...file(hole.path ?? "file", ""),
  ];
}
