import { describe, expect, test } from "vitest";
import { CodeLlamaError } from "../../../lib/index.ts";
import { expectStableText, stableLines, stablePrompt } from "../../helpers/stable-texts.ts";
import { loadTinyModel, useTinyModel } from "../../helpers/tiny-model.ts";

// Each sequence has its own KV cells here. The other tests run with the default, one pool for all
// sequences.
const model = useTinyModel({ contextSize: 4 * 1024, parallel: 4, kvUnified: false });
const line = "a += 1\n";
const greedy = { temperature: 0, ignoreEos: true, maxTokens: 30 } as const;
const promptOf = (name: string) => `# ${name}\n${line.repeat(40)}`;

test("divides the context window between the sequences", async () => {
  const { llama } = model;
  expect(llama.contextSize).toBe(1024);
  expect(llama.stats()).toMatchObject({ kvCells: 4096, contextSize: 1024 });
  const long = Int32Array.from({ length: 1024 }, () => 500);
  await expect(llama.generate(long).then()).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  const { finishReason, usage } = await llama.generate(long.subarray(0, 1000), {
    ...greedy,
    maxTokens: 1000,
  });
  expect(finishReason).toBe("length");
  expect(usage.promptTokens + usage.completionTokens).toBe(1024);
});

test("lets one sequence use a whole unified pool", async () => {
  await using llama = await loadTinyModel({ contextSize: 1024, parallel: 4, kvUnified: true });
  expect(llama.contextSize).toBe(1024);
  await using auto = await loadTinyModel({ contextSize: 1024, parallel: 4, kvUnified: "auto" });
  expect(auto.contextSize).toBe(1024);
});

test("divides the cells by default if the parts are long enough", async () => {
  await using ample = await loadTinyModel({ contextSize: 8 * 2048, parallel: 8 });
  expect(ample.stats()).toMatchObject({ kvCells: 8 * 2048, contextSize: 2048 });
  await using scarce = await loadTinyModel({ contextSize: 2048, parallel: 8 });
  expect(scarce.stats()).toMatchObject({ kvCells: 2048, contextSize: 2048 });
});

test("gives the same texts in parallel as alone", async () => {
  const { llama } = model;
  const texts = await Promise.all(
    Array.from({ length: 40 }, async (_, i) => {
      const sure = stableLines[i % stableLines.length] ?? line;
      // Different lengths, so that the requests start and end at different times.
      const prompt = sure.repeat(8 + ((i * 7) % 19));
      const { text } = await llama.generate(prompt, { ...greedy, maxTokens: 5 + ((i * 11) % 60) });
      return { text, sure };
    }),
  );
  for (const { text, sure } of texts) expectStableText(text, sure);
  expect(llama.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
});

test("computes long prompts while streams decode", async () => {
  const { llama } = model;
  const streams = [0, 1].map((i) =>
    llama.generate(stablePrompt(stableLines[i] ?? line), { ...greedy, maxTokens: 200 }),
  );
  const prompts = [2, 3, 4].map((i) =>
    llama.generate((stableLines[i] ?? line).repeat(60 + i), greedy),
  );
  for (const [i, each] of [...streams, ...prompts].entries()) {
    expectStableText((await each).text, stableLines[i] ?? line);
  }
});

describe("a prompt that shares a prefix", () => {
  test("continues after the cells of an ended request", async () => {
    const { llama } = model;
    const first = await llama.generate(promptOf("rest"), greedy);
    expect(first.usage.cachedTokens).toBeLessThan(10);
    const { text, usage } = await llama.generate(`${promptOf("rest")}${line}`, greedy);
    expect(usage.cachedTokens).toBeGreaterThan(first.usage.promptTokens - 5);
    expectStableText(text, line);
  });

  test("copies the cells of a running request", async () => {
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

  test("waits for a request that computes the same prefix", async () => {
    const { llama } = model;
    const before = llama.stats();
    const names = Array.from({ length: 12 }, (_, index) => `${promptOf("together")}# ${index}\n`);
    const results = await Promise.all(names.map((name) => llama.generate(name, greedy)));
    const prompts = results.reduce((sum, { usage }) => sum + usage.promptTokens, 0);
    const missed = llama.stats().prefixMissTokens - before.prefixMissTokens;
    expect(missed).toBeLessThan(prompts / 4);
  });
});

test("computes a prompt once for several answers", async () => {
  const { llama } = model;
  const prompt = promptOf("answers");
  const { choices, usage } = await llama.generate(prompt, { ...greedy, n: 4 });
  expect(choices).toHaveLength(4);
  for (const { text } of choices ?? []) expectStableText(text, line);
  expect(usage.promptTokens).toBeGreaterThan(100);
  const { text } = await llama.generate(prompt, { beams: 3, maxTokens: 10 });
  expect(text).not.toBe("");
});

test("keeps no cells without a prefix cache and gives the same text", async () => {
  const { llama } = model;
  await using plain = await loadTinyModel({
    contextSize: 2048,
    parallel: 2,
    kvUnified: false,
    prefixCache: false,
  });
  const expected = await plain.generate(promptOf("plain"), greedy);
  expect(plain.stats().kvCellsCached).toBe(0);
  expect((await llama.generate(promptOf("plain"), greedy)).text).toBe(expected.text);
  expect((await plain.generate(promptOf("plain"), greedy)).usage.cachedTokens).toBe(0);
});

test("restores evicted cells from host memory", async () => {
  await using llama = await loadTinyModel({
    contextSize: 2048,
    parallel: 2,
    kvUnified: false,
    promptCacheBytes: 64 << 20,
  });
  const first = await llama.generate(promptOf("stored"), greedy);
  for (const name of ["one", "two", "three"]) await llama.generate(promptOf(name), greedy);
  expect(llama.stats().promptCacheBytes).toBeGreaterThan(0);
  const { text, usage } = await llama.generate(promptOf("stored"), greedy);
  expect(usage.cachedTokens).toBeGreaterThan(first.usage.promptTokens - 5);
  expectStableText(text, line);
});

test("cancelled requests do not affect the others", async () => {
  const { llama } = model;
  for (let round = 0; round < 5; round++) {
    const all = stableLines.map((sure) => {
      const signal = AbortSignal.timeout(5 + 20 * round);
      const options = { ...greedy, maxTokens: 60 };
      const cancelled = llama.generate(sure.repeat(50), { ...options, signal });
      return [cancelled, llama.generate(stablePrompt(sure), options)] as const;
    });
    for (const [i, [cancelled, kept]] of all.entries()) {
      expectStableText((await kept).text, stableLines[i] ?? line);
      await cancelled.then(
        ({ text }) => expectStableText(text, stableLines[i] ?? line),
        (error) => expect(error).not.toBeInstanceOf(CodeLlamaError),
      );
    }
  }
  expect(llama.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
});
