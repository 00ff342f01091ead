import { describe, expect, test } from "vitest";
import type { Answer } from "../../../lib/result.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel({ parallel: 4 });
const prompt = "def mean(values):\n    ";
const creative = { temperature: 1.2, topP: 1, maxTokens: 12, seed: 1 };

describe("n", () => {
  test("returns n answers and computes the prompt once", async () => {
    const result = await model.llama.generate(prompt, { ...creative, n: 4 });
    const choices = result.choices ?? [];
    expect(choices).toHaveLength(4);
    expect(choices.map(({ seed }) => seed)).toEqual([1, 2, 3, 4]);
    expect(result.text).toBe(choices[0]?.text);
    expect(new Set(choices.map(({ text }) => text)).size).toBeGreaterThan(1);
    const promptTokens = result.usage.promptTokens;
    expect(choices.slice(1).map(({ usage }) => usage.cachedTokens)).toEqual(
      Array(3).fill(promptTokens - 1),
    );
  });

  test("streams the answers in parallel, each under its index", async () => {
    const generation = model.llama.generate(prompt, { ...creative, n: 3 });
    const texts = ["", "", ""];
    for await (const { text, index } of generation) texts[index] += text;
    const { choices } = await generation;
    expect(texts).toEqual(choices?.map(({ text }) => text));
  });

  test("returns only the first answer as textStream and text", async () => {
    const generation = model.llama.generate(prompt, { ...creative, n: 3 });
    let streamed = "";
    for await (const text of generation.textStream) streamed += text;
    const { text } = await generation;
    expect(streamed).toBe(text);
    expect(generation.text).toBe(text);
  });

  test("can exceed the number of parallel sequences", async () => {
    const { choices } = await model.llama.generate(prompt, { ...creative, maxTokens: 4, n: 9 });
    expect(choices).toHaveLength(9);
    const [first, ...rest] = choices ?? [];
    for (const { usage } of rest) {
      expect(usage.cachedTokens).toBe((first?.usage.promptTokens ?? 0) - 1);
    }
  });

  test("works for infill and chat", async () => {
    const filled = await model.llama.infill("def f(a, b):\n    <FILL_ME>\n    return total\n", {
      ...creative,
      n: 2,
    });
    expect(filled.choices?.map(({ fullText }) => fullText.startsWith("def f(a, b):"))).toEqual([
      true,
      true,
    ]);
    const answered = await model.llama.chat([{ role: "user", content: "Add two numbers." }], {
      ...creative,
      n: 2,
    });
    expect(answered.choices).toHaveLength(2);
  });

  test("ends all answers when it is cancelled", async () => {
    const generation = model.llama.generate(prompt, { ...creative, maxTokens: 500, n: 6 });
    for await (const _ of generation) break;
    const { choices } = await generation;
    expect(choices?.every(({ finishReason }) => finishReason !== "length")).toBe(true);
    expect(model.llama.stats().kvCellsUsed).toBe(0);
  });
});

const meanLogprob = ({ logprobs = [] }: Answer) =>
  logprobs.reduce((sum, each) => sum + each.logprob, 0) / logprobs.length;

describe("bestOf", () => {
  test("keeps the likeliest answers, best first", async () => {
    const all = await model.llama.generate(prompt, { ...creative, n: 6, logprobs: 0 });
    const means = (all.choices ?? []).map(meanLogprob).toSorted((a, b) => b - a);
    const result = await model.llama.generate(prompt, {
      ...creative,
      n: 2,
      bestOf: 6,
      logprobs: 0,
    });
    const [first = Number.NaN, second = Number.NaN] = (result.choices ?? []).map(meanLogprob);
    expect(result.choices).toHaveLength(2);
    expect(first).toBeGreaterThanOrEqual(second);
    // Batching may change the text of a seed, but the best two of six still rank above the middle.
    expect(first).toBeGreaterThan(means[2] ?? 0);
    expect(second).toBeGreaterThan(means[4] ?? 0);
  });

  test("streams only the answers that it keeps", async () => {
    const generation = model.llama.generate(prompt, { ...creative, n: 2, bestOf: 4 });
    const texts = ["", ""];
    for await (const { text, index } of generation) texts[index] += text;
    const { choices } = await generation;
    expect(texts).toEqual(choices?.map(({ text }) => text));
    expect(choices?.[0]).not.toHaveProperty("logprobs");
  });

  test("must not be below n", () => {
    expect(() => model.llama.generate(prompt, { n: 3, bestOf: 2 })).toThrow(
      /bestOf must be at least n = 3 \(got 2\)/,
    );
  });
});

test("a session rejects n", () => {
  const session = model.llama.session();
  expect(() => session.send("Hello", { n: 2 } as object)).toThrow(/unknown option "n"/);
});

describe("without a prefix cache", () => {
  const bare = useTinyModel({ parallel: 3, prefixCache: false });

  test("several answers share their prompt, and no cells stay in the cache", async () => {
    const long = prompt.repeat(8);
    const { choices } = await bare.llama.generate(long, { ...creative, n: 3 });
    const tokens = choices?.[0]?.usage.promptTokens ?? 0;
    expect(choices?.map(({ usage }) => usage.cachedTokens)).toEqual([0, tokens - 1, tokens - 1]);
    const again = await bare.llama.generate(long, creative);
    expect(again.usage.cachedTokens).toBe(0);
    expect(bare.llama.stats()).toMatchObject({ kvCellsUsed: 0, kvCellsCached: 0 });
  });
});
