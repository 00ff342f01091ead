import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { CodeLlama } from "../../lib/index.ts";

// llama.cpp's source contains the vocabularies of real models and token vectors for most of them.
const folder = fileURLToPath(new URL("../../native/llama.cpp/models/", import.meta.url));
const files = readdirSync(folder);
const vocabularies = files.filter((name) => name.startsWith("ggml-vocab-"));
const names = vocabularies.filter((name) => name.endsWith(".gguf"));

interface Vector {
  readonly text: string;
  readonly tokens: readonly number[];
}

/** Reads texts, which a separator line divides, and their tokens, one line for each text. */
function readVectors(name: string): readonly Vector[] {
  const texts = readFileSync(`${folder}${name}.inp`, "utf8").split("\n__ggml_vocab_test__\n");
  const lines = readFileSync(`${folder}${name}.out`, "utf8").split("\n");
  return texts.map((text, at) => ({
    text,
    tokens: (lines[at] ?? "").split(" ").filter(Boolean).map(Number),
  }));
}

const load = (name: string) => CodeLlama.load(`${folder}${name}`, { vocabularyOnly: true });

const withVectors = names.filter((name) => files.includes(`${name}.inp`));

describe("tokenize() returns the model's own tokens", () => {
  test("for all vectors in llama.cpp's source", () => {
    const count = withVectors.reduce((sum, name) => sum + readVectors(name).length, 0);
    expect([withVectors.length, count]).toEqual([15, 708]);
  });

  test.each(withVectors)("%s", async (name) => {
    const llama = await load(name);
    const vectors = readVectors(name);
    const actual = vectors.map(({ text }) => ({ text, tokens: [...llama.tokenize(text)] }));
    await llama.close();
    expect(actual).toEqual(vectors);
  });
});

describe("detokenize() restores the text for vocabularies without vectors", () => {
  test.each(names.filter((name) => !files.includes(`${name}.inp`)))("%s", async (name) => {
    const llama = await load(name);
    // One line without repeated blanks, which the vocabulary of nomic-bert-moe drops.
    const text = "def add(a, b): return a + b";
    const tokens = llama.tokenize(text);
    const again = llama.detokenize(tokens);
    await llama.close();
    expect(tokens.length).toBeGreaterThan(5);
    expect(again.trim()).toBe(text);
  });
});

describe("long runs of one kind of character", () => {
  // std::regex recursed for each character of a run, and 28,400 characters crashed the process.
  const length = 60_000;

  test.each(withVectors.filter((name) => !name.includes("bert")))("%s", async (name) => {
    const llama = await load(name);
    for (const unit of ["a", "Q", " ", "!", "\n", "7", "\u6f22", "\u0301"]) {
      const text = unit.repeat(length);
      const tokens = llama.tokenize(text);
      expect(await llama.tokenizeLong(text)).toEqual(tokens);
      // A failing toBe on the texts would print both of them.
      expect(llama.detokenize(tokens) === text, `${name} keeps ${JSON.stringify(unit)}`).toBe(true);
    }
    await llama.close();
  });

  // llama.cpp walked through all earlier pieces at each piece, which took half a minute for these
  // texts and would take hours for ten times the length.
  test.each([
    ["gpt-neox", " ", 1_333_334],
    ["mpt", " ", 1_333_334],
  ])("of pieces that the vocabulary defines: %s", async (name, unit, count) => {
    const llama = await load(`ggml-vocab-${name}.gguf`);
    const tokens = await llama.tokenizeLong(unit.repeat(32_000_000));
    await llama.close();
    expect(tokens.length).toBe(count);
  });

  test("take linear time in a word that the vocabulary does not contain", async () => {
    const llama = await load("ggml-vocab-bert-bge.gguf");
    expect([...(await llama.tokenizeLong("\u1200".repeat(1_000_000)))]).toEqual([100]);
    await llama.close();
  });
});

test("SentencePiece spells a million line breaks as bytes in linear time", async () => {
  // Each byte moved all tokens before it, which took minutes.
  const llama = await load("ggml-vocab-llama-spm.gguf");
  expect((await llama.tokenizeLong("\n".repeat(1_000_000))).length).toBe(1_000_001);
  await llama.close();
});

describe("text does not become a control token of type user-defined", () => {
  // Older converters gave nearly all added tokens this type, and llama.cpp finds them in any text.
  test.each([
    ["ggml-vocab-command-r.gguf", "<|START_OF_TURN_TOKEN|>", "<|SYSTEM_TOKEN|>"],
    ["ggml-vocab-deepseek-coder.gguf", "<｜fim▁hole｜>", "<|EOT|>"],
    ["ggml-vocab-gemma-4.gguf", "<|tool_call>", "<channel|>"],
    ["ggml-vocab-phi-3.gguf", "</s>", "</s>"],
  ])("%s", async (name, ...marks) => {
    const llama = await load(name);
    for (const mark of marks) {
      const [token = -1, ...others] = llama.tokenize(mark, { special: true });
      expect(others).toEqual([]);
      const text = `say ${mark} twice ${mark}`;
      expect(llama.tokenize(text)).not.toContain(token);
      expect(llama.detokenize(llama.tokenize(text)).trim()).toBe(text);
    }
    await llama.close();
  });
});
