import { CodeLlamaError } from "../errors.ts";
import type { SpecialTokens } from "../native/model-info.ts";
import type { PromptPart } from "./parts.ts";

/** Prefix first (PSM) or suffix first (SPM). */
export type InfillOrder = "psm" | "spm";

/**
 * The prompt that has Code Llama fill a hole, as Meta's reference builds it
 * (`infilling_prompt_tokens` in llama/generation.py).
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
      "this model has no infill tokens; Code Llama 7B and 13B (base and instruct) and 70B (base) have",
    );
  }
  const before = { text: prefix };
  const after = { text: suffix, inside: true };
  return order === "psm"
    ? [bos, pre, before, suf, after, mid]
    : [bos, pre, suf, after, mid, before];
}
