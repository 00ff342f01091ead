import { CodeLlamaError } from "../errors.ts";
import type { PromptPart } from "../native/binding.ts";
import type { SpecialTokens } from "../native/model-info.ts";

/** Prefix first (PSM) or suffix first (SPM). */
export type InfillOrder = "psm" | "spm";

/**
 * Builds Code Llama's infill prompt like Meta's reference (`infilling_prompt_tokens` in
 * llama/generation.py).
 * @throws CodeLlamaError `CAPABILITY_MISSING` when the vocabulary has no infill tokens
 */
export function infillPrompt(
  prefix: string,
  suffix: string,
  order: InfillOrder,
  specialTokens: SpecialTokens,
): PromptPart[] {
  const { bos, prefix: pre, suffix: suf, middle: mid } = specialTokens;
  if (bos === undefined || pre === undefined || suf === undefined || mid === undefined) {
    throw new CodeLlamaError(
      "CAPABILITY_MISSING",
      "this model has no infill tokens; use Code Llama 7B or 13B (base or instruct) or 70B (base)",
    );
  }
  const before = { text: prefix };
  const after = { text: suffix, inside: true };
  return order === "psm"
    ? [bos, pre, before, suf, after, mid]
    : [bos, pre, suf, after, mid, before];
}
