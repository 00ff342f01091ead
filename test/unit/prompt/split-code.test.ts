import { describe, expect, test } from "vitest";
import { splitCode } from "../../../lib/prompt/split-code.ts";
import { Random } from "../../helpers/random.ts";

const tokens = (text: string) => text.match(/\w+|[^\w ]/g)?.length ?? 0;

const body = (name: string) =>
  `def ${name}(value):\n    total = 0\n\n    for item in value:\n        total += item\n    return total\n`;

test("cuts source code before declarations", () => {
  const text = ["one", "two", "three", "four"].map(body).join("\n\n");
  const pieces = splitCode(text, { maxTokens: 60 }, tokens);
  expect(pieces.length).toBeGreaterThan(1);
  for (const piece of pieces) expect(piece).toMatch(/^def \w+\(value\):\n/);
});

test("counts the tokens of many short lines a bounded number of times", () => {
  const text = "x\n".repeat(40_000);
  let counted = 0;
  const counter = (piece: string) => {
    counted += piece.length;
    // Joined lines have more tokens than separate lines, and the overlap must find the longest fit.
    return piece.length + Math.floor(piece.length / 8);
  };
  const pieces = splitCode(text, { maxTokens: 20_000, overlap: 10_000 }, counter);
  expect(pieces.length).toBeGreaterThan(4);
  for (const piece of pieces) expect(counter(piece)).toBeLessThanOrEqual(20_000);
  expect(counted).toBeLessThan(200 * text.length);
});

test("returns one piece for a text that fits, and no piece for an empty text", () => {
  expect(splitCode(body("one"), { maxTokens: 100 }, tokens)).toEqual([body("one")]);
  expect(splitCode("", { maxTokens: 100 }, tokens)).toEqual([]);
});

test("repeats whole lines of the previous piece as overlap", () => {
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

describe("for random texts", () => {
  test("all pieces fit, and joined they equal the text", () => {
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
