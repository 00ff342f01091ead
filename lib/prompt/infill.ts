import { CodeLlamaError } from "../errors.ts";
import { encodeInside, type PromptTokenizer } from "./tokenizer.ts";

/** Prefix first (PSM) or suffix first (SPM). */
export type InfillOrder = "psm" | "spm";

/**
 * The prompt that has Code Llama fill a hole, token for token as Meta's reference builds it
 * (`infilling_prompt_tokens` in llama/generation.py).
 * @throws CodeLlamaError `CAPABILITY_MISSING` when the vocabulary has no infill tokens
 */
export function infillPrompt(
  prefix: string,
  suffix: string,
  order: InfillOrder,
  tokenizer: PromptTokenizer,
): Int32Array {
  const { bos, prefix: pre, suffix: suf, middle: mid } = tokenizer.specialTokens;
  if (bos === undefined || pre === undefined || suf === undefined || mid === undefined) {
    throw new CodeLlamaError(
      "CAPABILITY_MISSING",
      "this model has no infill tokens; Code Llama 7B and 13B (base and instruct) and 70B (base) have",
    );
  }
  const before = tokenizer.encode(prefix);
  const after = encodeInside(tokenizer, suffix);
  return order === "psm"
    ? Int32Array.of(bos, pre, ...before, suf, ...after, mid)
    : Int32Array.of(bos, pre, suf, ...after, mid, ...before);
}
