// Random requests of all kinds in a KV cache that is too small for them. To run it for longer, or to
// repeat a seed:
//
//   NODE_CODELLAMA_STRESS_SECONDS=600 NODE_CODELLAMA_TEST_SEED=1 npm test abuse-stress
//
// CONTRIBUTING.md describes how to run it with a sanitizer.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { GenerateOptions, Generation, Priority } from "../../../lib/index.ts";
import { writeNoiseLora } from "../../helpers/noise-lora.ts";
import { Random, seedOfRun } from "../../helpers/random.ts";
import { expectStableText, stableLines, stablePrompt } from "../../helpers/stable-texts.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { loadTinyModel, modelPath, useTinyModel } from "../../helpers/tiny-model.ts";

const seconds = Number(process.env.NODE_CODELLAMA_STRESS_SECONDS ?? 6);
const requestsAtOnce = 12;
/** Allowed growth of the process's memory in the second half of a run. */
const maxGrowthBytes = 64e6;
/** Whether the growth is meaningful. It is not in a short run or with a sanitizer's own memory. */
const checksGrowth = seconds >= 120 && process.env.NODE_CODELLAMA_PREBUILD === undefined;

const seed = seedOfRun();
const random = new Random(seed);
const folder = temporaryFolder();
const lora = join(folder, "noise.gguf");
writeNoiseLora(lora);

const model = useTinyModel({
  contextSize: 512,
  parallel: 6,
  batchSize: 128,
  promptCacheBytes: 2 ** 22,
  speculation: { adaptive: random.below(2) === 0 },
  ...(random.below(2) === 0 && { draftModel: modelPath }),
  loras: [{ path: lora, scale: 0 }],
});

const priority = () => random.pick<Priority>(["interactive", "normal", "background"]);
/** Too weak to change a stable text. The engine computes such requests in separate batches. */
const loras = () => (random.below(3) === 0 ? { loras: { noise: 0.001 } } : {});
const endless = { ignoreEos: true, maxTokens: 400 } as const;

/** Random options that use every sampler now and then. */
function sampling(): GenerateOptions {
  const some = <Value>(value: Value) => (random.below(3) === 0 ? value : undefined);
  const options = {
    temperature: some(random.next() * 2),
    topK: some(random.below(100)),
    topP: some(random.next()),
    minP: some(random.next() * 0.5),
    typicalP: some(random.next()),
    repeatPenalty: some(1 + random.next()),
    frequencyPenalty: some(random.next()),
    presencePenalty: some(random.next()),
    dry: some({ multiplier: random.next() }),
    xtc: some({ probability: random.next() }),
    mirostat: some({ version: random.pick([1, 2]) }),
    logitBias: some({ [random.below(32_000)]: random.next() * 10 }),
    seed: some(random.below(1000)),
    stop: some(random.pick(["\n", "return", ["a", "def ", " = "]])),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** Starts a generation whose text must be the same in every batch. */
function startStable(maxTokens: number): { generation: Generation; line: string } {
  const line = random.pick(stableLines);
  const common = { temperature: 0, ignoreEos: true, maxTokens, priority: priority() };
  const options = { ...common, ...loras() };
  return { generation: model.llama.generate(stablePrompt(line), options), line };
}

let savedPrefixes = 0;

/** Each function makes a request of its kind and resolves if the outcome is right. */
const kinds = [
  async function stable() {
    const maxTokens = 1 + random.below(100);
    const { generation, line } = startStable(maxTokens);
    const { text, usage } = await generation;
    expectStableText(text, line);
    expect(usage.completionTokens).toBe(maxTokens);
  },
  async function readLate() {
    const { generation, line } = startStable(320);
    await sleep(random.below(2000));
    let text = "";
    for await (const chunk of generation) text += chunk.text;
    expectStableText(text, line);
    expect((await generation).usage.completionTokens).toBe(320);
  },
  async function sampled() {
    const prompt = "def add(a, b):\n    return a + b\n".slice(0, 1 + random.below(30));
    const common = { maxTokens: random.below(60), priority: priority() };
    const options = { ...sampling(), ...common, ...loras() };
    const { text, tokens, stopString } = await model.llama.generate(prompt, options);
    expect(tokens.length).toBeLessThanOrEqual(options.maxTokens);
    for (const stop of [options.stop ?? []].flat()) expect(text).not.toContain(stop);
    if (stopString !== undefined) expect([options.stop].flat()).toContain(stopString);
  },
  async function longPrompt() {
    const tokens = model.llama
      .tokenize("x = [1, 2, 3]\n".repeat(60))
      .slice(0, random.below(500) + 1);
    const { usage } = await model.llama.generate(tokens, { maxTokens: 2, priority: priority() });
    expect(usage.promptTokens).toBe(tokens.length);
  },
  async function tooLong() {
    const generation = model.llama.generate("x = 1\n".repeat(200));
    await expect(generation).rejects.toMatchObject({ code: "CONTEXT_OVERFLOW" });
  },
  async function cancelled() {
    const generation = model.llama.generate("class Stack:", { ...endless, priority: priority() });
    await sleep(random.below(500));
    generation.cancel();
    expect(["abort", "length"]).toContain((await generation).finishReason);
  },
  async function aborted() {
    const signal = AbortSignal.timeout(1 + random.below(500));
    const generation = model.llama.generate(stablePrompt(stableLines[0]).repeat(10), {
      ...endless,
      signal,
    });
    const outcome = await generation.then(
      ({ finishReason }) => finishReason,
      (reason) => reason,
    );
    expect(["length", signal.reason]).toContain(outcome);
  },
  async function structured() {
    const jsonSchema = { type: "array", items: { enum: ["a", "b"] }, minItems: 2, maxItems: 4 };
    const { text } = await model.llama.generate("x = ", {
      ...sampling(),
      stop: [],
      jsonSchema,
      temperature: 1.5,
      priority: priority(),
    });
    expect(JSON.parse(text).length).toBeGreaterThanOrEqual(2);
  },
  async function followed() {
    const grammar = 'root ::= [0-9]{3} ("," [0-9]{3}){0,4}';
    const n = 1 + random.below(3);
    const options = { grammar, temperature: 1, n, priority: priority() };
    const { text, choices = [{ text }] } = await model.llama.generate("x = [", options);
    for (const each of choices) expect(each.text).toMatch(/^\d{3}(,\d{3}){0,4}$/);
  },
  async function filled() {
    const maxTokens = 1 + random.below(24);
    const input = { prefix: "def add(a, b):\n    return ", suffix: "\n\nprint(add(1, 2))\n" };
    const order = random.pick(["auto", "psm", "spm"] as const);
    const options = { maxTokens, order, priority: priority() };
    const { tokens } = await model.llama.infill(input, options);
    expect(tokens.length).toBeLessThanOrEqual(maxTokens);
  },
  async function late() {
    const options = { ...endless, timeoutMs: 1 + random.below(500), priority: priority() };
    const { finishReason } = await model.llama.generate("class Queue:", options);
    expect(["timeout", "length"]).toContain(finishReason);
  },
  async function saved() {
    const path = join(folder, `${savedPrefixes++}.prefix`);
    const line = random.pick(stableLines);
    const prefix = stablePrompt(line).repeat(1 + random.below(3));
    await model.llama.savePrefix(path, prefix);
    await model.llama.loadPrefix(path);
    rmSync(path);
    const { text } = await model.llama.generate(prefix, {
      temperature: 0,
      ignoreEos: true,
      maxTokens: 1 + random.below(20),
    });
    expectStableText(text, line);
  },
  async function several() {
    const line = random.pick(stableLines);
    const common = { temperature: 0, ignoreEos: true, maxTokens: 1 + random.below(20) };
    const options = { ...common, ...loras() };
    const n = 2 + random.below(4);
    const { choices = [] } = await model.llama.generate(stablePrompt(line), { ...options, n });
    expect(choices).toHaveLength(n);
    for (const { text } of choices) expectStableText(text, line);
  },
  async function searched() {
    const options = { beams: 2 + random.below(3), maxTokens: 1 + random.below(8) };
    const { tokens } = await model.llama.generate("def add(", { ...options, logprobs: 1 });
    expect(tokens.length).toBeLessThanOrEqual(options.maxTokens);
  },
  async function scored() {
    const text = "x = [1, 2, 3]\n".repeat(1 + random.below(30));
    const { tokens, perplexity } = await model.llama.perplexity(text);
    expect(tokens).toBe(model.llama.countTokens(text, { bos: true }) - 1);
    expect(perplexity).toBeGreaterThan(1);
  },
  async function embedded() {
    const texts = Array.from({ length: 1 + random.below(5) }, (_, index) => `text ${index}`);
    const { embeddings } = await model.llama.embed(texts);
    expect(embeddings).toHaveLength(texts.length);
  },
  async function conversed() {
    const session = model.llama.session({ system: "Answer." });
    const options = { maxTokens: 1 + random.below(12), priority: priority() };
    await session.send("Add two numbers.", options);
    const forks = [session, session.fork()];
    await Promise.all(forks.map((fork) => fork.send("And three?", options)));
    for (const fork of forks) expect(fork.messages).toHaveLength(5);
  },
  async function left() {
    const generation = model.llama.generate("import os\n", { ...endless, priority: priority() });
    let chunks = random.below(30);
    for await (const _ of generation) if (chunks-- === 0) break;
    expect((await generation).finishReason).toBe("abort");
  },
] as const;

/** Loads and closes a second engine beside the busy one, or aborts its load. */
async function loadAnother(): Promise<void> {
  const signal = random.below(2) === 0 ? AbortSignal.timeout(1 + random.below(60)) : undefined;
  try {
    await using another = await loadTinyModel({ contextSize: 256, ...(signal && { signal }) });
    another.generate("def add(", endless);
  } catch (error) {
    expect(error).toBe(signal?.reason);
  }
}

test(`random requests for ${seconds} s (seed ${seed})`, {
  timeout: (seconds + 900) * 1000,
}, async () => {
  const { llama } = model;
  const end = Date.now() + seconds * 1000;
  let residentHalfway = Number.POSITIVE_INFINITY;
  const workUntilEnd = async (work: () => Promise<void>) => {
    while (Date.now() < end) await work();
  };
  await Promise.all([
    ...Array.from({ length: requestsAtOnce }, () => workUntilEnd(() => random.pick(kinds)())),
    workUntilEnd(loadAnother),
    sleep(seconds * 500).then(() => {
      residentHalfway = process.memoryUsage.rss();
    }),
    workUntilEnd(async () => {
      expect(llama.stats().kvCellsUsed).toBeLessThanOrEqual(512);
      await sleep(1);
    }),
  ]);
  expect(llama.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
  if (checksGrowth) {
    expect(process.memoryUsage.rss() - residentHalfway).toBeLessThan(maxGrowthBytes);
  }
  await kinds[0]();
});
