import { cpSync, statSync, truncateSync } from "node:fs";
import { freemem, totalmem } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CodeLlama, inspectModel, type LoadOptions } from "../../../lib/index.ts";
import { headerBytes, readHeader, writeSparse } from "../../fixtures/gguf-header.ts";
import { writeGpt2 } from "../../fixtures/gpt2-model.ts";
import { writeNoiseLora } from "../../helpers/noise-lora.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { loadTinyModel, modelPath } from "../../helpers/tiny-model.ts";

const folder = temporaryFolder();
const greedy = { temperature: 0, maxTokens: 60 } as const;

/** Loads the model, completes a prompt and closes the model. */
async function complete(options: LoadOptions, prompt = "def fibonacci(n"): Promise<string> {
  await using llama = await CodeLlama.load(modelPath, { threads: 1, ...options });
  return (await llama.generate(prompt, greedy)).text;
}

test("reads the model's facts from its file", async () => {
  await using llama = await CodeLlama.load(modelPath, { threads: 1 });
  expect(llama.model).toMatchObject({
    architecture: "llama",
    name: "codellama-tiny",
    fileType: "Q4_K_M",
    parameters: 25_245_952,
    trainingContextSize: 2048,
    vocabularySize: 32_016,
    embeddingLength: 256,
    layers: 20,
    specialTokens: { bos: 1, eos: 2, prefix: 32007, suffix: 32008, middle: 32009, eot: 32010 },
    endOfGenerationTokens: [2, 32010],
  });
  expect(llama.model.sizeBytes).toBeGreaterThan(16e6);
  expect(llama.model.chatTemplate).toContain("[INST]");
});

describe("gives the same text", () => {
  test.each<[string, LoadOptions]>([
    ["with two threads", { threads: 2 }],
    ["with prompts on other threads than streams", { prefillThreads: 2 }],
    ["without mmap", { useMmap: false }],
    ["with locked memory", { useMlock: true }],
    ["without flash attention", { flashAttention: false }],
    ["with flash attention", { flashAttention: true }],
    ["in tiny batches", { batchSize: 3, microBatchSize: 2 }],
    ["with weights as they are in the file", { repack: false }],
    ["with one sequence", { parallel: 1 }],
    ["with 64 sequences", { parallel: 64, contextSize: 256 }],
    ["with a float32 cache", { kvCacheType: "f32" }],
    ["with an 8-bit cache", { kvCacheType: "q8_0" }],
    ["with keys and values of different types", { kvCacheType: { k: "q8_0", v: "f16" } }],
  ])("%s", async (_, options) => {
    expect(await complete(options)).toContain("a, b = b, a + b\n    return a\n");
  });

  test.each(["bf16", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"] as const)(
    "or nearly the same, with a KV cache of %s",
    async (kvCacheType) => {
      expect(await complete({ kvCacheType })).toContain("a, b = b, a + b");
    },
  );
});

describe("contextSize", () => {
  test("is the training length by default", async () => {
    await using llama = await CodeLlama.load(modelPath, { threads: 1 });
    expect(llama.stats().kvCells).toBe(2048);
  });

  test("is rounded up to a multiple of 256", async () => {
    await using llama = await CodeLlama.load(modelPath, { threads: 1, contextSize: 300 });
    expect(llama.stats().kvCells).toBe(512);
  });

  test("beyond the free memory rejects with OUT_OF_MEMORY", async () => {
    const contextSize = Math.min(2 ** 31 - 1, Math.ceil((totalmem() + freemem()) / 20_480));
    await expect(CodeLlama.load(modelPath, { contextSize })).rejects.toMatchObject({
      code: "OUT_OF_MEMORY",
      message: expect.stringMatching(/contextSize \d+ needs \d+ MB of KV cache, but only \d+ MB/),
    });
  });
});

describe("rejects a prompt that does not fit with CONTEXT_OVERFLOW", () => {
  test.each([
    ["as tokens", (llama: CodeLlama) => new Int32Array(llama.stats().kvCells).fill(13)],
    ["as text", () => "x = 1\n".repeat(300)],
    ["as a text of megabytes", () => "x".repeat(20_000_000)],
  ])("%s", async (_, prompt) => {
    await using llama = await CodeLlama.load(modelPath, { threads: 1, contextSize: 512 });
    await expect(llama.generate(prompt(llama))).rejects.toMatchObject({
      code: "CONTEXT_OVERFLOW",
      message: expect.stringMatching(/the prompt has \d+ .*the context holds 512/),
    });
    // The engine still works afterwards.
    expect((await llama.generate("def f(", greedy)).text).not.toBe("");
  });
});

describe("rejects a wrong prompt with INVALID_ARGUMENT", () => {
  test("a token outside the vocabulary, with its index", async () => {
    await using llama = await CodeLlama.load(modelPath, { threads: 1 });
    for (const token of [-1, 32016, 2 ** 31 - 1]) {
      await expect(llama.generate(Int32Array.from([1, 2, token]))).rejects.toMatchObject({
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining(`token ${token} at position 2`),
      });
      expect(() => llama.detokenize([token])).toThrow(/is not in the vocabulary/);
    }
  });

  test("an empty prompt of tokens", async () => {
    await using llama = await CodeLlama.load(modelPath, { threads: 1 });
    await expect(llama.generate(new Int32Array(0))).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("prompt is empty"),
    });
    // An empty text still has the BOS token.
    expect((await llama.generate("", { maxTokens: 2 })).usage.promptTokens).toBe(1);
  });

  test.each([undefined, null, 5, {}, ["def"]])("%j", async (prompt) => {
    await using llama = await CodeLlama.load(modelPath, { threads: 1 });
    expect(() => llama.generate(prompt as never)).toThrow(
      /prompt must be a string .* or an Int32Array/,
    );
    expect(() => llama.tokenize(prompt as never)).toThrow(/text must be a string/);
  });
});

describe("vocabularyOnly", () => {
  test("tokenizes but does not generate", async () => {
    await using llama = await CodeLlama.load(modelPath, { vocabularyOnly: true });
    expect(llama.countTokens("def fibonacci(")).toBe(5);
    expect(() => llama.generate("def")).toThrow(/vocabularyOnly/);
    expect(llama.stats()).toMatchObject({ running: 0, kvCells: 0 });
    // Capabilities and prompts depend on the special tokens.
    const { layers, trainingContextSize, embeddingLength, fileType } = llama.model;
    expect({ layers, trainingContextSize, embeddingLength, fileType }).toEqual({
      layers: 20,
      trainingContextSize: 2048,
      embeddingLength: 256,
      fileType: "Q4_K_M",
    });
  });
});

describe("LoRA adapters", () => {
  const lora = join(folder, "lora.gguf");
  writeNoiseLora(lora);

  test("change the text by their scale", async () => {
    const plain = await complete({});
    expect(await complete({ loras: [{ path: lora, scale: 0 }] })).toBe(plain);
    expect(await complete({ loras: [{ path: lora, scale: 20 }] })).not.toBe(plain);
  });

  test("can differ between parallel requests", async () => {
    const llama = await loadTinyModel({
      loras: [
        { path: lora, scale: 20 },
        { path: lora, name: "second", scale: 0 },
      ],
    });
    const prompt = "def fibonacci(n";
    const run = (loras?: Record<string, number>) =>
      llama.generate(prompt, { temperature: 0, maxTokens: 24, ...(loras && { loras }) });
    const [asLoaded, off, weak, same] = await Promise.all([
      run(),
      run({}),
      run({ second: 10 }),
      run({ lora: 20 }),
    ]);
    expect((await complete({})).startsWith(off.text)).toBe(true);
    expect(asLoaded.text).not.toBe(off.text);
    expect(same.text).not.toBe(off.text);
    expect((await run()).usage.cachedTokens).toBeGreaterThan(0);
    expect(weak.text).not.toBe(off.text);
    // KV cells of one set of adapters cannot serve another set.
    const again = await run({ second: 9 });
    expect(again.usage.cachedTokens).toBe(0);
    expect((await run({})).usage.cachedTokens).toBeGreaterThan(0);
    expect(() => run({ third: 1 })).toThrow(
      /no adapter "third" was loaded; there are lora, second/,
    );
    await llama.close();
  });

  test("with the same name are rejected", async () => {
    const loras = [{ path: lora }, { path: lora }];
    await expect(CodeLlama.load(modelPath, { loras })).rejects.toThrow(/the name "lora" is taken/);
  });

  test("are rejected if the file is missing, damaged or not an adapter", async () => {
    const load = (path: string) => CodeLlama.load(modelPath, { loras: [{ path }] });
    await expect(load(join(folder, "none.gguf"))).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
    });
    await expect(load(modelPath)).rejects.toMatchObject({ code: "MODEL_INVALID" });
    const cut = join(folder, "cut.gguf");
    cpSync(lora, cut);
    truncateSync(cut, 400);
    await expect(load(cut)).rejects.toMatchObject({ code: "MODEL_INVALID" });
  });
});

test("load() rejects an adapter, and inspectModel() describes it", async () => {
  const path = join(folder, "lora.gguf");
  await expect(CodeLlama.load(path)).rejects.toMatchObject({ code: "MODEL_UNSUPPORTED" });
  const facts = await inspectModel(path);
  expect(facts).toMatchObject({ type: "adapter", architecture: "llama", parameters: 4096 });
  expect(facts.tensors).toHaveLength(4);
});

describe("a model with learned positions", () => {
  const path = join(folder, "gpt2.gguf");
  writeGpt2(path, modelPath, 300);

  test("has a context window within them, and texts end there", async () => {
    await using llama = await CodeLlama.load(path, { threads: 1 });
    expect(llama.contextSize).toBe(256);
    const result = await llama.generate("x", { temperature: 0, ignoreEos: true });
    expect(result.finishReason).toBe("length");
    expect(result.usage.promptTokens + result.usage.completionTokens).toBe(256);
  });

  test("rejects a larger context window", async () => {
    await expect(CodeLlama.load(path, { contextSize: 512 })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/contextSize 512 .* learned positions for: 256 at most/),
    });
  });
});

test("rejects a character that the vocabulary cannot encode", async () => {
  const path = join(folder, "no-bytes.gguf");
  const header = readHeader(modelPath);
  for (const { key, value } of header.entries) {
    if (key.toString() !== "tokenizer.ggml.tokens") continue;
    const found = [...value.toString("latin1").matchAll(/<0x([0-9A-F]{2})>/g)];
    for (const { index } of found) value.write("(", index, "latin1");
  }
  writeSparse(path, headerBytes(header).bytes, statSync(modelPath).size);
  await using llama = await CodeLlama.load(path, { vocabularyOnly: true });
  const error = { code: "INVALID_ARGUMENT", message: expect.stringMatching(/has no tokens for/) };
  expect(llama.countTokens("def f(n):")).toBeGreaterThan(3);
  expect(() => llama.tokenize("\u{1f999}")).toThrow(expect.objectContaining(error));
  await expect(llama.tokenizeLong("\u{1f999}")).rejects.toMatchObject(error);
});
