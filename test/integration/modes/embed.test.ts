import { describe, expect, test } from "vitest";
import { useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel();

const dot = (left: Float32Array, right: Float32Array) =>
  left.reduce((sum, value, index) => sum + value * (right[index] ?? 0), 0);

describe("embed", () => {
  test("returns a vector of length 1 for each text", async () => {
    const texts = ["def add(a, b):", "for (let i = 0; i < n; i++)", ""];
    const { embeddings, usage } = await model.llama.embed(texts);
    expect(embeddings).toHaveLength(3);
    for (const vector of embeddings) {
      expect(vector).toHaveLength(model.llama.model.embeddingLength);
      expect(dot(vector, vector)).toBeCloseTo(1, 4);
    }
    const counts = texts.map((text) => model.llama.countTokens(text, { bos: true }));
    expect(usage.promptTokens).toBe(counts.reduce((sum, count) => sum + count, 0));
  });

  test("returns closer vectors for similar texts", async () => {
    const { embeddings } = await model.llama.embed([
      "def add(a, b):\n    return a + b\n",
      "def add(x, y):\n    return x + y\n",
      "for (const file of files) console.log(file.name);",
    ]);
    const [first, second, third] = embeddings;
    if (!first || !second || !third) throw new Error("embeddings are missing");
    expect(dot(first, second)).toBeGreaterThan(dot(first, third));
  });

  test("gives the same vector alone and in a batch, also for a text longer than one step", async () => {
    const long = "x = compute(y)\n".repeat(40);
    const alone = await model.llama.embed(long);
    const stream = model.llama.generate("def f(", { maxTokens: 60, ignoreEos: true });
    const many = await model.llama.embed(["a", long, "b", long, "c", "d", "e"]);
    const result = await stream;
    expect(result.usage.completionTokens).toBe(60);
    for (const index of [1, 3]) {
      const other = many.embeddings[index];
      if (!other || !alone.embeddings[0]) throw new Error("embeddings are missing");
      expect(dot(alone.embeddings[0], other)).toBeGreaterThan(0.999);
    }
  });

  test("pools the last token or the mean, and normalizes only if asked to", async () => {
    const texts = ["def add(a, b):"];
    const mean = await model.llama.embed(texts, { normalize: false });
    const last = await model.llama.embed(texts, { normalize: false, pooling: "last" });
    expect(last.embeddings[0]).not.toEqual(mean.embeddings[0]);
    const vector = mean.embeddings[0] ?? new Float32Array();
    expect(Math.abs(dot(vector, vector) - 1)).toBeGreaterThan(0.01);
  });

  test("keeps no KV cells and does not change later generations", async () => {
    const prompt = "def fibonacci(n";
    const before = await model.llama.generate(prompt, { temperature: 0, maxTokens: 20 });
    await model.llama.embed(prompt);
    const after = await model.llama.generate(prompt, { temperature: 0, maxTokens: 20 });
    expect(after.text).toBe(before.text);
    expect(model.llama.stats().kvCellsUsed).toBe(0);
  });

  test("stops when its signal aborts", async () => {
    const texts = Array.from({ length: 200 }, (_, index) => `text ${index} `.repeat(30));
    const signal = AbortSignal.timeout(50);
    await expect(model.llama.embed(texts, { signal })).rejects.toThrow(/timeout/);
    expect(model.llama.stats().running).toBe(0);
  });

  test("rejects values that are not text", async () => {
    const embed = (texts: unknown, options = {}) => model.llama.embed(texts as string, options);
    await expect(embed(7)).rejects.toThrow(/or an array of at most 1048576 of them \(got 7\)/);
    await expect(embed(["a", null])).rejects.toThrow(
      /or an array of at most 1048576 of them \(got an array of 2\)/,
    );
    await expect(embed("a", { pooling: "max" })).rejects.toThrow(
      /pooling must be "mean" or "last" \(got "max"\)/,
    );
  });
});

describe("perplexity", () => {
  test("is e to the mean negative log-likelihood of a single window", async () => {
    const text = "def fibonacci(n):\n    a, b = 0, 1\n";
    const { perplexity, negativeLogLikelihood, tokens } = await model.llama.perplexity(text);
    const { promptLogprobs = [] } = await model.llama.generate(text, {
      maxTokens: 0,
      promptLogprobs: true,
    });
    const mean = promptLogprobs.reduce((sum, each) => sum - each.logprob, 0) / tokens;
    expect(tokens).toBe(promptLogprobs.length);
    // The KV cells lie elsewhere, which changes the rounding of sums.
    expect(negativeLogLikelihood).toBeCloseTo(mean, 3);
    expect(perplexity).toBeCloseTo(Math.exp(negativeLogLikelihood), 6);
  });

  test("measures each token of a long text once, and rates code better than noise", async () => {
    const text = "def add(a, b):\n    return a + b\n\n".repeat(200);
    const code = await model.llama.perplexity(text, { windowSize: 256 });
    expect(code.tokens).toBe(model.llama.countTokens(text, { bos: true }) - 1);
    const noise = await model.llama.perplexity(
      Int32Array.from({ length: 1500 }, (_, index) => 300 + ((index * 7919) % 30_000)),
      { windowSize: 256 },
    );
    expect(noise.tokens).toBe(1499);
    expect(noise.perplexity).toBeGreaterThan(10 * code.perplexity);
  });

  test("is lower with more context before each token", async () => {
    const text = Array.from({ length: 60 }, (_, index) => `line ${index} = ${index * 3}\n`).join(
      "",
    );
    const short = await model.llama.perplexity(text, { windowSize: 16 });
    const long = await model.llama.perplexity(text, { windowSize: 512 });
    expect(long.tokens).toBe(short.tokens);
    expect(long.perplexity).toBeLessThan(short.perplexity);
  });

  test("rejects values that cannot be measured", async () => {
    await expect(model.llama.perplexity(7 as never)).rejects.toThrow(/text must be a string/);
    await expect(model.llama.perplexity("a", { windowSize: 1e6 })).rejects.toThrow(
      /windowSize must be at/,
    );
    await expect(model.llama.perplexity(Int32Array.of(1))).rejects.toThrow(/at least 2 tokens/);
  });
});
