import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { useTinyModel } from "../helpers/tiny-model.ts";

interface Golden {
  readonly encode: readonly { readonly text: string; readonly tokens: readonly number[] }[];
  readonly decode: readonly { readonly text: string; readonly tokens: readonly number[] }[];
}

// Made with the SentencePiece library on Llama-2's vocabulary.
const golden: Golden = JSON.parse(readFileSync(new URL("codellama.json", import.meta.url), "utf8"));

const model = useTinyModel({ vocabularyOnly: true });

describe("tokenize() agrees with SentencePiece on", () => {
  test.each(golden.encode)("$text", ({ text, tokens }) => {
    expect([...model.llama.tokenize(text)]).toEqual(tokens);
  });
});

describe("detokenize() agrees with SentencePiece on", () => {
  test.each(golden.decode)("$tokens", ({ text, tokens }) => {
    expect(model.llama.detokenize(tokens)).toBe(text);
  });
});

test("detokenize() is the inverse of tokenize() for any text", () => {
  const characters = [
    "a",
    " ",
    "\n",
    "\t",
    "(",
    "é",
    "ß",
    "中",
    "🚀",
    "\u0000",
    "\u200d",
    "▁",
    "</s>",
  ];
  let state = 42;
  const random = (limit: number) => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state % limit;
  };
  for (let round = 0; round < 500; round++) {
    const text = Array.from(
      { length: random(30) },
      () => characters[random(characters.length)],
    ).join("");
    // SentencePiece writes a space as U+2581 and cannot tell the two apart again.
    const expected = text.replaceAll("▁", " ");
    const tokens = model.llama.tokenize(text);
    expect(model.llama.detokenize(tokens)).toBe(expected);
    expect(model.llama.detokenize(model.llama.tokenize(text, { bos: true }))).toBe(expected);
  }
});
