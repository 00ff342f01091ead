import { describe, expect, test } from "vitest";
import { loadTinyModel, useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel({ parallel: 4 });
const prompt = "def add_numbers(a, b):\n";

/** Returns the log-probability of tokens after the prompt. */
async function measure(tokens: Int32Array): Promise<number> {
  const start = model.llama.tokenize(prompt, { bos: true });
  const { promptLogprobs = [] } = await model.llama.generate(Int32Array.of(...start, ...tokens), {
    maxTokens: 0,
    promptLogprobs: true,
  });
  return promptLogprobs.slice(start.length - 1).reduce((sum, { logprob }) => sum + logprob, 0);
}

describe("beam search", () => {
  test("finds a text at least as likely as greedy decoding", async () => {
    for (const start of ["import ", "x = [", "class A", "for i in "]) {
      const greedy = await model.llama.generate(start, {
        temperature: 0,
        maxTokens: 8,
        ignoreEos: true,
        logprobs: 0,
      });
      const beam = await model.llama.generate(start, { beams: 4, maxTokens: 8, logprobs: 0 });
      const sum = ({ logprobs = [] }: typeof greedy) =>
        logprobs.reduce((total, { logprob }) => total + logprob, 0) / logprobs.length;
      // Batching changes the rounding, which decides between texts of nearly equal likelihood.
      expect(sum(beam)).toBeGreaterThanOrEqual(sum(greedy) - 0.1);
    }
  });

  test("finds the likeliest text of two tokens", async () => {
    // With this many beams, the search cannot miss the first token of the best pair.
    const { tokens } = await model.llama.generate(prompt, { beams: 32, maxTokens: 2 });
    const start = model.llama.tokenize(prompt, { bos: true });
    const { logprobs } = await model.llama.generate(start, { maxTokens: 1, logprobs: 32 });
    let best = { pair: [0, 0], sum: Number.NEGATIVE_INFINITY };
    for (const first of logprobs?.[0]?.top ?? []) {
      const next = await model.llama.generate(Int32Array.of(...start, first.token), {
        maxTokens: 1,
        ignoreEos: true,
        logprobs: 1,
      });
      const second = next.logprobs?.[0]?.top[0];
      const sum = first.logprob + (second?.logprob ?? Number.NEGATIVE_INFINITY);
      if (sum > best.sum) best = { pair: [first.token, second?.token ?? 0], sum };
    }
    expect([...tokens]).toEqual(best.pair);
  });

  test("returns several answers, best first, with correct log-probabilities", async () => {
    const { choices, text } = await model.llama.generate(prompt, {
      beams: 4,
      n: 3,
      maxTokens: 10,
      logprobs: 0,
    });
    expect(choices).toHaveLength(3);
    expect(choices?.[0]?.text).toBe(text);
    expect(new Set(choices?.map((choice) => choice.text)).size).toBe(3);
    for (const { tokens, logprobs = [] } of choices ?? []) {
      const sum = logprobs.reduce((total, { logprob }) => total + logprob, 0);
      // Batching changes the rounding.
      expect(Math.abs(sum - (await measure(tokens)))).toBeLessThan(0.5);
    }
  });

  test("computes the prompt once and one token for each beam and step", async () => {
    const before = model.llama.stats();
    await model.llama.generate("a prompt that is computed once\n".repeat(20), {
      beams: 3,
      maxTokens: 6,
    });
    const after = model.llama.stats();
    const computed = after.prefixMissTokens - before.prefixMissTokens;
    const { length } = model.llama.tokenize("a prompt that is computed once\n".repeat(20));
    expect(computed).toBeLessThan(length + 1 + 3 * 6);
    expect(after.kvCellsUsed).toBe(0);
  });

  test("stops at an end token and before a stop string", async () => {
    const known = await model.llama.generate("def fibonacci(n", { beams: 3, maxTokens: 100 });
    expect(known.finishReason).toBe("stop");
    expect(known.text).toContain("return a");
    // Without a length penalty, the shortest text is the likeliest.
    const options = { beams: 3, stop: '"""', lengthPenalty: 0 };
    const cut = await model.llama.generate("def fibonacci(n", options);
    expect(cut).toMatchObject({ finishReason: "stop", stopString: '"""' });
    expect(cut.text).not.toContain('"""');
  });

  test("streams the text once the search has ended, in a chat too", async () => {
    const generation = model.llama.chat([{ role: "user", content: "Add two numbers." }], {
      beams: 2,
      maxTokens: 12,
    });
    let shown = "";
    for await (const { text } of generation) shown += text;
    const { text } = await generation;
    expect(shown).toBe(text);
    expect(text).not.toMatch(/^ /);
  });

  test("is one request for the engine's queue", async () => {
    await using small = await loadTinyModel({ parallel: 1, maxQueue: 0 });
    const { choices } = await small.generate(prompt, { beams: 4, n: 4, maxTokens: 6 });
    expect(choices).toHaveLength(4);
    expect(small.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
  });

  test.for([{ kvUnified: false }, { kvUnified: true, prefixCache: false }, { parallel: 2 }])(
    "finds the same texts with %o",
    async (options) => {
      const call = { beams: 4, n: 2, maxTokens: 12 };
      const expected = await model.llama.generate(prompt, call);
      await using other = await loadTinyModel({ parallel: 4, ...options });
      const { choices } = await other.generate(prompt, call);
      expect(choices?.map(({ text }) => text)).toEqual(expected.choices?.map(({ text }) => text));
      expect((await other.generate(prompt, { ...call, prefixCache: false })).text).toBe(
        expected.text,
      );
    },
  );

  test("the stop string that ends first wins, whatever its place in the list", async () => {
    const options = { beams: 3, lengthPenalty: 0, maxTokens: 60 };
    const one = await model.llama.generate("def fibonacci(n", {
      ...options,
      stop: ["return", ":"],
    });
    expect(one).toMatchObject({ finishReason: "stop", stopString: ":" });
    expect(one.text).not.toContain(":");
  });

  test("takes a prompt of 200,000 tokens without a stack overflow", async () => {
    const generation = model.llama.generate(new Int32Array(200_000).fill(5), { beams: 2 });
    await expect(generation).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  });

  test("can be cancelled at any step", async () => {
    const generation = model.llama.generate(prompt, { beams: 4, maxTokens: 500 });
    setTimeout(() => generation.cancel(), 50);
    expect((await generation).finishReason).toBe("abort");
    const timed = await model.llama.generate("x", { beams: 2, maxTokens: 1900, timeoutMs: 30 });
    expect(timed.finishReason).toBe("timeout");
  });

  test("rejects options that cannot be combined with beams", () => {
    const generate = (options: object) => () => model.llama.generate(prompt, options);
    expect(generate({ beams: 2, bestOf: 3 })).toThrow(/beams and bestOf cannot be used together/);
    expect(generate({ beams: 2, jsonSchema: {} })).toThrow(/beams and jsonSchema cannot/);
    expect(generate({ beams: 2, n: 3 })).toThrow(/n must be at most beams = 2 \(got 3\)/);
    expect(generate({ lengthPenalty: 2 })).toThrow(/lengthPenalty needs beams/);
    expect(generate({ beams: 1 })).toThrow(/beams must be a whole number between 2 and 32/);
  });
});
