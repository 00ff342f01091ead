import { expect } from "vitest";

/**
 * Lines that the embedded model repeats for ever, each surely: numbers that are computed beside
 * others are rounded differently, so that only texts it is sure of are the same in any company.
 */
export const sureLines = [
  "x = 1\n",
  "0, 1, ",
  "[]\n",
  "a += 1\n",
  "foo();\n",
  " * 2",
  "# one\n",
  "i++;\n",
] as const;

/** After this prompt, the model repeats the line. */
export function surePrompt(line: string): string {
  return line.repeat(8);
}

export function expectSureText(text: string, line: string): void {
  expect(text).not.toBe("");
  expect(text).toBe(line.repeat(text.length).slice(0, text.length));
}
