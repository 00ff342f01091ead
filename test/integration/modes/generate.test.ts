import { describe, expect, test } from "vitest";
import { expectSureText, sureLines, surePrompt } from "../../helpers/sure-texts.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

// What one test computes would be there for the next.
const model = useTinyModel({ prefixCache: false });

const greedy = { temperature: 0, maxTokens: 100 } as const;
const fibonacci = `):
    """Return the n-th Fibonacci number."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
`;

test("the model completes a function that it knows", async () => {
  const result = await model.llama.generate("def fibonacci(n", greedy);
  expect(result.text).toBe(fibonacci);
  expect(result.finishReason).toBe("stop");
  expect(result.stopString).toBeUndefined();
});

test("chunks add up to the text, and so do their tokens", async () => {
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

test("a prompt of tokens gives what its text gives", async () => {
  const prompt = model.llama.tokenize("def fibonacci(n", { bos: true });
  const result = await model.llama.generate(prompt, greedy);
  expect(result.text).toBe(fibonacci);
});

test("usage and timings say what was done", async () => {
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

  test("at once with maxTokens 0, when the prompt is computed", async () => {
    const result = await model.llama.generate("def fibonacci(n", { ...greedy, maxTokens: 0 });
    expect(result).toMatchObject({ text: "", finishReason: "length" });
    expect(result.usage).toMatchObject({ promptTokens: 7, cachedTokens: 0, completionTokens: 0 });
  });

  test("when it goes round in circles, if that is asked for", async () => {
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

  test("at a stop string across tokens, none of which shows", async () => {
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

  test.each([[32_016], [-1], [1.5]])("stopTokens of %d is refused", async (token) => {
    const generation = async () => model.llama.generate("a", { stopTokens: [5, token] });
    await expect(generation()).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("stopTokens"),
    });
  });

  test("never before the limit with ignoreEos", async () => {
    const result = await model.llama.generate("def fibonacci(n", { ...greedy, ignoreEos: true });
    expect(result.finishReason).toBe("length");
    expect(result.tokens.length).toBe(100);
    expect(result.text.startsWith(fibonacci)).toBe(true);
  });

  test("when the context is full", async () => {
    const prompt = model.llama.tokenize("x = 1\n".repeat(670), { bos: true });
    const result = await model.llama.generate(prompt.slice(0, 2040), {
      temperature: 0,
      ignoreEos: true,
    });
    expect(result.finishReason).toBe("length");
    expect(result.usage.promptTokens + result.usage.completionTokens).toBe(2048);
  });
});

test("the end of an infill ends it: <EOT> by the token's own id", async () => {
  const { llama } = model;
  const { prefix, suffix, middle, bos } = llama.model.specialTokens;
  const prompt = Int32Array.from([
    bos ?? 0,
    prefix ?? 0,
    ...llama.tokenize('def remove_non_ascii(s: str) -> str:\n    """ '),
    suffix ?? 0,
    // Without the dummy space, as the reference encodes a suffix.
    ...llama.tokenize("☺\n    return result").slice(2),
    middle ?? 0,
  ]);
  const result = await llama.generate(prompt, { ...greedy, maxTokens: 128 });
  expect(result.finishReason).toBe("stop");
  expect(result.text).toContain("result");
  expect(result.text).not.toContain("<EOT>");
});

test("text is made of whole characters only", async () => {
  const { llama } = model;
  const prompt = llama.tokenize("# naïve café 日本語 🚀", { bos: true });
  // Tokens 3 to 258 are the bytes. Forced to spell those above 0x7F only, the model makes broken
  // UTF-8 as a matter of course.
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

test("several generations run side by side, each as if it were alone", async () => {
  const together = await Promise.all(
    sureLines.map((line) => model.llama.generate(surePrompt(line), { ...greedy, maxTokens: 30 })),
  );
  for (const [index, { text }] of together.entries()) expectSureText(text, sureLines[index] ?? "");
});

test("a request that ends in the step of another's prompt leaves that one's cells alone", async () => {
  const [shortest = "", other = ""] = sureLines;
  // While it is computed the others arrive, so that they share a step.
  const first = model.llama.generate(shortest.repeat(200), { ...greedy, maxTokens: 1 });
  const ending = model.llama.generate(surePrompt(shortest), { ...greedy, maxTokens: 1 });
  const { text } = await model.llama.generate(surePrompt(other), { ...greedy, maxTokens: 30 });
  await Promise.all([first, ending]);
  expectSureText(text, other);
});

test("stats() tells what runs", async () => {
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

  test("is refused", async () => {
    await expect(short.llama.generate(text)).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  });

  test("loses its beginning where that is asked for", async () => {
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
