import type { SpecialTokens } from "../engine-info.ts";

/** What prompts are built with. */
export interface PromptTokenizer {
  /** Plain text's tokens, with SentencePiece's implicit leading space; no control tokens. */
  encode(text: string): Int32Array;
  readonly specialTokens: SpecialTokens;
}

/**
 * The tokens of a text that follows another, without the leading space. As Meta's reference has it
 * (`encode_infilling` in llama/tokenizer.py): behind a character that merges with nothing.
 */
export function encodeInside(tokenizer: PromptTokenizer, text: string): Int32Array {
  const before = "☺";
  return tokenizer.encode(before + text).subarray(tokenizer.encode(before).length);
}
