import { describe, expect, test } from "vitest";
import { splitCode } from "../../../lib/prompt/split-code.ts";
import { Random } from "../../helpers/random.ts";

const tokens = (text: string) => text.match(/\w+|[^\w ]/g)?.length ?? 0;

const body = (name: string) =>
  `def ${name}(value):\n    total = 0\n\n    for item in value:\n        total += item\n    return total\n`;

test("source is cut before declarations", () => {
  const text = ["one", "two", "three", "four"].map(body).join("\n\n");
  const pieces = splitCode(text, { maxTokens: 60 }, tokens);
  expect(pieces.length).toBeGreaterThan(1);
  for (const piece of pieces) expect(piece).toMatch(/^def \w+\(value\):\n/);
});

test("many short lines are counted a bounded number of times", () => {
  const text = "x\n".repeat(40_000);
  let counted = 0;
  const counter = (piece: string) => {
    counted += piece.length;
    // Together lines take more than apart, and the overlap looks for the longest that fits.
    return piece.length + Math.floor(piece.length / 8);
  };
  const pieces = splitCode(text, { maxTokens: 20_000, overlap: 10_000 }, counter);
  expect(pieces.length).toBeGreaterThan(4);
  for (const piece of pieces) expect(counter(piece)).toBeLessThanOrEqual(20_000);
  expect(counted).toBeLessThan(200 * text.length);
});

test("a text that fits is one piece, and an empty one none", () => {
  expect(splitCode(body("one"), { maxTokens: 100 }, tokens)).toEqual([body("one")]);
  expect(splitCode("", { maxTokens: 100 }, tokens)).toEqual([]);
});

test("an overlap repeats whole lines of the piece before", () => {
  const text = Array.from({ length: 100 }, (_, index) => `line ${index}\n`).join("");
  const pieces = splitCode(text, { maxTokens: 30, overlap: 9 }, tokens);
  for (const [index, piece] of pieces.entries()) {
    expect(tokens(piece)).toBeLessThanOrEqual(30);
    if (index === 0) continue;
    const before = pieces[index - 1] ?? "";
    const repeated = piece.split("\n").slice(0, 3).join("\n");
    expect(before.endsWith(`${repeated}\n`)).toBe(true);
  }
});

describe("whatever the text", () => {
  test("pieces are short enough, and make it up again", () => {
    const random = new Random(5);
    for (let round = 0; round < 300; round++) {
      const text = Array.from({ length: random.below(200) }, () =>
        random.pick([
          "word ",
          "\n",
          "    ",
          "def f():\n",
          "}\n",
          "🚀",
          "é",
          "a.b(c)",
          "\r\n",
          "\n\n",
        ]),
      ).join("");
      const maxTokens = 8 + random.below(50);
      const pieces = splitCode(text, { maxTokens }, tokens);
      expect(pieces.join("")).toBe(text);
      for (const piece of pieces) {
        expect(tokens(piece)).toBeLessThanOrEqual(maxTokens);
        expect(piece).not.toBe("");
        expect(new TextDecoder().decode(new TextEncoder().encode(piece))).toBe(piece);
      }
    }
  });
});
