import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { useTinyModel } from "../helpers/tiny-model.ts";

interface Golden {
  readonly encode: readonly { readonly text: string; readonly tokens: readonly number[] }[];
  readonly decode: readonly { readonly text: string; readonly tokens: readonly number[] }[];
}

// Created with the SentencePiece library and Llama-2's vocabulary.
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
    // SentencePiece writes a space as U+2581 and cannot distinguish the two afterwards.
    const expected = text.replaceAll("▁", " ");
    const tokens = model.llama.tokenize(text);
    expect(model.llama.detokenize(tokens)).toBe(expected);
    expect(model.llama.detokenize(model.llama.tokenize(text, { bos: true }))).toBe(expected);
  }
});

describe("text does not become a control token", () => {
  const texts = [
    " <PRE>",
    "a <SUF>b",
    "<MID>",
    "x <EOT> <EOT>",
    " <PRE> <PRE>",
    "</s><s>",
    "[INST]",
  ];
  const control = [0, 1, 2, 32007, 32008, 32009, 32010];

  test.each(texts)("%s", (text) => {
    const tokens = model.llama.tokenize(text);
    expect(tokens.filter((token) => control.includes(token))).toEqual(new Int32Array(0));
    expect(model.llama.detokenize(tokens)).toBe(text);
  });

  test("unless special is true", () => {
    const tokens = model.llama.tokenize("<s>a <PRE> b</s>", { special: true });
    expect(tokens.filter((token) => control.includes(token))).toEqual(Int32Array.of(1, 32007, 2));
  });

  test("and has the same tokens as with Llama-2, which has no infill tokens", () => {
    expect([...model.llama.tokenize("a <PRE> b")]).toEqual([263, 529, 15094, 29958, 289]);
  });
});
