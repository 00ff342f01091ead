import { expect } from "vitest";

/**
 * Lines that the embedded model repeats endlessly with high probability. Batching changes
 * floating-point rounding, so only such texts are the same in every batch.
 */
export const stableLines = [
  "x = 1\n",
  "0, 1, ",
  "[]\n",
  "a += 1\n",
  "foo();\n",
  " * 2",
  "# one\n",
  "i++;\n",
] as const;

/** A prompt that makes the model repeat the line. */
export function stablePrompt(line: string): string {
  return line.repeat(8);
}

/** Expects the line again and again, the last time perhaps in part. */
export function expectStableText(text: string, line: string): void {
  expect(text).not.toBe("");
  expect(text).toBe(line.repeat(text.length).slice(0, text.length));
}
