import { describe, expect, test } from "vitest";
import { expectStableText, stableLines, stablePrompt } from "../../helpers/stable-texts.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

// Without a prefix cache, because one test's tokens would be cached for the next.
const model = useTinyModel({ prefixCache: false });

const greedy = { temperature: 0, maxTokens: 100 } as const;
const fibonacci = `):
    """Return the n-th Fibonacci number."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
`;

test("completes a function that the model knows", async () => {
  const result = await model.llama.generate("def fibonacci(n", greedy);
  expect(result.text).toBe(fibonacci);
  expect(result.finishReason).toBe("stop");
  expect(result.stopString).toBeUndefined();
});

test("the chunks add up to the text and the tokens of the result", async () => {
  const generation = model.llama.generate("def fibonacci(n", greedy);
  let text = "";
  const tokens: number[] = [];
  for await (const chunk of generation) {
    expect(chunk.text).not.toBe("");
    text += chunk.text;
    tokens.push(...chunk.tokens);
  }
  const result = await generation;
  expect(text).toBe(fibonacci);
  expect(result.text).toBe(fibonacci);
  expect([...result.tokens]).toEqual(tokens);
});

test("a prompt of tokens gives the same result as its text", async () => {
  const prompt = model.llama.tokenize("def fibonacci(n", { bos: true });
  const result = await model.llama.generate(prompt, greedy);
  expect(result.text).toBe(fibonacci);
});

test("reports usage and timings", async () => {
  const { usage, timings } = await model.llama.generate("def fibonacci(n", {
    ...greedy,
    maxTokens: 20,
  });
  expect(usage).toMatchObject({ promptTokens: 7, cachedTokens: 0, completionTokens: 20 });
  expect(timings.queuedMs).toBeGreaterThanOrEqual(0);
  expect(timings.prefillMs).toBeGreaterThan(0);
  expect(timings.decodeMs).toBeGreaterThan(0);
  expect(timings.prefillTokensPerSecond).toBeCloseTo(7000 / timings.prefillMs);
  expect(timings.decodeTokensPerSecond).toBeCloseTo(19_000 / timings.decodeMs);
});

describe("a generation ends", () => {
  test("at maxTokens", async () => {
    const result = await model.llama.generate("def fibonacci(n", { ...greedy, maxTokens: 5 });
    expect(result.finishReason).toBe("length");
    expect(result.tokens.length).toBe(5);
  });

  test("after the prompt with maxTokens 0", async () => {
    const result = await model.llama.generate("def fibonacci(n", { ...greedy, maxTokens: 0 });
    expect(result).toMatchObject({ text: "", finishReason: "length" });
    expect(result.usage).toMatchObject({ promptTokens: 7, cachedTokens: 0, completionTokens: 0 });
  });

  test("at maxRepeats when a block of tokens repeats", async () => {
    const options = { ...greedy, repetition: { maxRepeats: 5 } };
    const result = await model.llama.generate("x = 1\n".repeat(8), options);
    expect(result.finishReason).toBe("repetition");
    expect(result.text).toMatch(/^(x = 1\n){5}/);
    expect(result.tokens.length).toBeLessThan(40);
  });

  test("at a stop string, which is not part of the text", async () => {
    const chunks: string[] = [];
    const generation = model.llama.generate("def fibonacci(n", { ...greedy, stop: "return a" });
    for await (const { text } of generation) chunks.push(text);
    const result = await generation;
    expect(result.text).toBe(fibonacci.slice(0, fibonacci.indexOf("return a")));
    expect(chunks.join("")).toBe(result.text);
    expect(result).toMatchObject({ finishReason: "stop", stopString: "return a" });
  });

  test("at a stop string across several tokens, without showing a part of it", async () => {
    const stop = ["x, b = b", ", b = b, a"];
    const generation = model.llama.generate("def fibonacci(n", { ...greedy, stop });
    let text = "";
    for await (const chunk of generation) text += chunk.text;
    expect(text).toBe(fibonacci.slice(0, fibonacci.indexOf(stop[1] ?? "")));
    expect((await generation).stopString).toBe(stop[1]);
  });

  test("at a token of stopTokens, which is not part of the text", async () => {
    const { llama } = model;
    const free = await llama.generate("def fibonacci(n", greedy);
    const end = free.tokens[1] ?? 0;
    const first = free.tokens.indexOf(end);
    const result = await llama.generate("def fibonacci(n", { ...greedy, stopTokens: [end] });
    expect([...result.tokens]).toEqual([...free.tokens.slice(0, first)]);
    expect(result).toMatchObject({ finishReason: "stop", usage: { completionTokens: first } });
    expect(result.stopString).toBeUndefined();
    const searched = await llama.generate("def fibonacci(n", {
      ...greedy,
      beams: 2,
      stopTokens: [end],
    });
    expect(searched.tokens).not.toContain(end);
  });

  test.each([[32_016], [-1], [1.5]])("rejects %d in stopTokens", async (token) => {
    const generation = async () => model.llama.generate("a", { stopTokens: [5, token] });
    await expect(generation()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("stopTokens"),
    });
  });

  test("only at the limit with ignoreEos", async () => {
    const result = await model.llama.generate("def fibonacci(n", { ...greedy, ignoreEos: true });
    expect(result.finishReason).toBe("length");
    expect(result.tokens.length).toBe(100);
    expect(result.text.startsWith(fibonacci)).toBe(true);
  });

  test("when the context window is full", async () => {
    const prompt = model.llama.tokenize("x = 1\n".repeat(670), { bos: true });
    const result = await model.llama.generate(prompt.slice(0, 2040), {
      temperature: 0,
      ignoreEos: true,
    });
    expect(result.finishReason).toBe("length");
    expect(result.usage.promptTokens + result.usage.completionTokens).toBe(2048);
  });
});

test("stops at <EOT>, the end of an infill, by its token id", async () => {
  const { llama } = model;
  const { prefix, suffix, middle, bos } = llama.model.specialTokens;
  const prompt = Int32Array.from([
    bos ?? 0,
    prefix ?? 0,
    ...llama.tokenize('def remove_non_ascii(s: str) -> str:\n    """ '),
    suffix ?? 0,
    // Without the dummy space, because the reference encodes a suffix so.
    ...llama.tokenize("☺\n    return result").slice(2),
    middle ?? 0,
  ]);
  const result = await llama.generate(prompt, { ...greedy, maxTokens: 128 });
  expect(result.finishReason).toBe("stop");
  expect(result.text).toContain("result");
  expect(result.text).not.toContain("<EOT>");
});

test("streams only whole characters", async () => {
  const { llama } = model;
  const prompt = llama.tokenize("# naïve café 日本語 🚀", { bos: true });
  // Tokens 3 to 258 are the bytes. The bias allows only bytes above 0x7F, so the model writes
  // invalid UTF-8.
  const bias = new Map<number, number>();
  for (let token = 3 + 0x80; token < 3 + 0x100; token++) bias.set(token, 100);
  const generation = llama.generate(prompt, {
    maxTokens: 60,
    seed: 1,
    temperature: 1,
    logitBias: bias,
  });
  let text = "";
  for await (const chunk of generation) text += chunk.text;
  const result = await generation;
  expect([...result.tokens].every((token) => token >= 131 && token < 259)).toBe(true);
  expect(text).toBe(Buffer.from(result.tokens.map((token) => token - 3)).toString("utf8"));
});

test("parallel generations give the same texts as single ones", async () => {
  const together = await Promise.all(
    stableLines.map((line) =>
      model.llama.generate(stablePrompt(line), { ...greedy, maxTokens: 30 }),
    ),
  );
  for (const [index, { text }] of together.entries())
    expectStableText(text, stableLines[index] ?? "");
});

test("a request that ends during another's prefill does not touch its KV cells", async () => {
  const [shortest = "", other = ""] = stableLines;
  // The other requests arrive during this prefill, so they share a step.
  const first = model.llama.generate(shortest.repeat(200), { ...greedy, maxTokens: 1 });
  const ending = model.llama.generate(stablePrompt(shortest), { ...greedy, maxTokens: 1 });
  const { text } = await model.llama.generate(stablePrompt(other), { ...greedy, maxTokens: 30 });
  await Promise.all([first, ending]);
  expectStableText(text, other);
});

test("stats() counts running requests", async () => {
  const generation = model.llama.generate("def f(", { ...greedy, ignoreEos: true, maxTokens: 300 });
  for await (const _ of generation) break;
  const idle = model.llama.stats();
  expect(idle.kvCells).toBe(2048);
  await generation;
  expect(model.llama.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
  expect(model.llama.stats().decodeTokensPerSecond).toBeGreaterThan(0);
});

describe("a prompt that is too long", () => {
  const short = useTinyModel({ contextSize: 256 });
  const text = `${"# a line of a long file\n".repeat(200)}def fibonacci(n`;

  test("is rejected", async () => {
    await expect(short.llama.generate(text)).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  });

  test('loses its beginning with overflow: "truncate"', async () => {
    const options = { ...greedy, maxTokens: 8, overflow: "truncate" } as const;
    const result = await short.llama.generate(text, options);
    expect(result.usage.completionTokens).toBe(8);
    expect(result.usage.promptTokens).toBeGreaterThan(150);
    expect(result.usage.promptTokens).toBeLessThanOrEqual(248);
    const tokens = short.llama.tokenize(text, { bos: true });
    const same = await short.llama.generate(tokens, options);
    expect(same.usage.promptTokens).toBe(248);
  });
});
