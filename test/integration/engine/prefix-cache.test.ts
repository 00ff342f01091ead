import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { expectStableText, stablePrompt } from "../../helpers/stable-texts.ts";
import { loadTinyModel, useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel({ contextSize: 2048, parallel: 4 });
const line = "a += 1\n";
const greedy = { temperature: 0, ignoreEos: true, maxTokens: 30 } as const;

/** Returns a prompt that shares no prefix with the other tests. */
const promptOf = (name: string) => `# ${name}\n${line.repeat(40)}`;

describe("a prompt that shares a prefix", () => {
  test("computes only the rest", async () => {
    const { llama } = model;
    const first = await llama.generate(promptOf("rest"), greedy);
    expect(first.usage.cachedTokens).toBeLessThan(10);
    const { usage } = await llama.generate(`${promptOf("rest")}${line}`, greedy);
    expect(usage.cachedTokens).toBeGreaterThan(first.usage.promptTokens - 5);
    expect(usage.cachedTokens).toBeLessThan(usage.promptTokens);
  });

  test("gives the same text as without the cache", async () => {
    const { llama } = model;
    await using plain = await loadTinyModel({ contextSize: 2048, prefixCache: false });
    const expected = await plain.generate(promptOf("same"), greedy);
    expect(expected.usage.cachedTokens).toBe(0);
    for (const times of [1, 2, 3]) {
      const { text, usage } = await llama.generate(promptOf("same"), greedy);
      expect(text).toBe(expected.text);
      if (times > 1) expect(usage.cachedTokens).toBe(usage.promptTokens - 1);
    }
    expect((await plain.generate(promptOf("same"), greedy)).usage.cachedTokens).toBe(0);
    expect(plain.stats()).toMatchObject({ kvCellsUsed: 0, kvCellsCached: 0, prefixHitTokens: 0 });
  });

  test("shares the cells of a running request", async () => {
    const { llama } = model;
    const running = llama.generate(promptOf("running"), { ...greedy, maxTokens: 500 });
    for await (const _ of running) {
      const { text, usage } = await llama.generate(promptOf("running"), greedy);
      expect(usage.cachedTokens).toBeGreaterThan(usage.promptTokens - 40);
      expectStableText(text, line);
      break;
    }
    expect((await running).finishReason).toBe("abort");
  });

  test.each([true, false])(
    "neither uses nor fills the cache with prefixCache: false, kvUnified %j",
    async (kvUnified) => {
      await using llama = await loadTinyModel({ contextSize: 2048, parallel: 4, kvUnified });
      const alone = { ...greedy, prefixCache: false } as const;
      await llama.generate(promptOf("alone"), alone);
      const after = await llama.generate(promptOf("alone"), greedy);
      expect(after.usage.cachedTokens).toBe(0);
      for (const n of [1, 2]) {
        const { text, usage } = await llama.generate(promptOf("alone"), { ...alone, n });
        expect(usage.cachedTokens).toBe(0);
        expectStableText(text, line);
      }
      const shared = await llama.generate(promptOf("alone"), greedy);
      expect(shared.usage.cachedTokens).toBe(shared.usage.promptTokens - 1);
    },
  );

  test("shares the cells of the answer too", async () => {
    const { llama } = model;
    const first = await llama.generate(promptOf("answer"), greedy);
    const tokens = [...llama.tokenize(promptOf("answer"), { bos: true }), ...first.tokens];
    const { usage } = await llama.generate(Int32Array.from(tokens), greedy);
    // The last token of the answer was sampled but never computed.
    expect(usage.cachedTokens).toBe(tokens.length - 1);
  });
});

test("simultaneous requests compute their common prefix once", async () => {
  const { llama } = model;
  const before = llama.stats();
  const names = Array.from({ length: 16 }, (_, index) => `${promptOf("together")}# ${index}\n`);
  const results = await Promise.all(names.map((name) => llama.generate(name, greedy)));
  const prompts = results.reduce((sum, { usage }) => sum + usage.promptTokens, 0);
  const after = llama.stats();
  const missed = after.prefixMissTokens - before.prefixMissTokens;
  expect(after.prefixHitTokens - before.prefixHitTokens + missed).toBe(prompts);
  expect(missed).toBeLessThan(prompts / 6);
});

test("a cancelled request leaves its cells in the cache", async () => {
  const { llama } = model;
  const generation = llama.generate(promptOf("cancelled"), { ...greedy, maxTokens: 500 });
  for await (const _ of generation) break;
  const { usage } = await llama.generate(promptOf("cancelled"), greedy);
  expect(usage.cachedTokens).toBe(usage.promptTokens - 1);
});

test("a request cancelled during prefill leaves the computed cells in the cache", async () => {
  await using llama = await loadTinyModel({ contextSize: 4096 });
  const prompt = llama.tokenize("x = [1, 2, 3]  # numbers\n".repeat(300)).slice(0, 3000);
  const generation = llama.generate(prompt, { ...greedy, maxTokens: 1 });
  while (llama.stats().kvCellsUsed < 100) await setImmediate();
  generation.cancel();
  expect((await generation).finishReason).toBe("abort");
  const { usage } = await llama.generate(prompt, { ...greedy, maxTokens: 1 });
  expect(usage.cachedTokens).toBeGreaterThanOrEqual(100);
  expect(usage.cachedTokens).toBeLessThan(2999);
});

test("a request that times out during prefill leaves the computed cells in the cache", async () => {
  await using llama = await loadTinyModel({ contextSize: 4096 });
  const prompt = llama.tokenize("y = {'a': 1}  # a dictionary\n".repeat(300)).slice(0, 3000);
  const { finishReason } = await llama.generate(prompt, { maxTokens: 1, timeoutMs: 250 });
  const { usage } = await llama.generate(prompt, { ...greedy, maxTokens: 1 });
  // A fast machine may finish before the timeout.
  if (finishReason === "timeout") expect(usage.cachedTokens).toBeGreaterThan(0);
});

test("maxTokens limits the cached cells", async () => {
  await using llama = await loadTinyModel({ contextSize: 2048, prefixCache: { maxTokens: 100 } });
  await llama.generate(promptOf("bounded"), greedy);
  await llama.generate(promptOf("next"), greedy);
  // The next step trims the cells of a request that has just ended.
  const last = llama.stats().kvCellsCached;
  await llama.generate("x", { maxTokens: 0 });
  expect(llama.stats().kvCellsCached).toBeLessThan(last);
  expect(llama.stats().kvCellsCached).toBeLessThanOrEqual(102);
});

test("evicts cached cells when a request needs room", async () => {
  await using small = await loadTinyModel({ contextSize: 256, parallel: 2 });
  for (const other of ["x = 1\n", "[]\n", "i++;\n", "foo();\n", line]) {
    const { text } = await small.generate(stablePrompt(other), {
      ...greedy,
      maxTokens: 150,
    });
    expectStableText(text, other);
    const stats = small.stats();
    expect(stats.kvCellsUsed).toBe(0);
    expect(stats.kvCellsCached).toBeGreaterThan(0);
    expect(stats.kvCellsCached).toBeLessThanOrEqual(stats.kvCells);
  }
});
