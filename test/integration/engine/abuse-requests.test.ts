import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { GenerateOptions, Generation } from "../../../lib/index.ts";
import { heavy } from "../../helpers/event-loop/heavy.ts";
import { Random, seedOfRun } from "../../helpers/random.ts";
import { useTinyModel } from "../../helpers/tiny-model.ts";

const model = useTinyModel({ parallel: 8 });
const seed = seedOfRun();
const random = new Random(seed);
// Shorter than any device takes to fill the context.
const longestWaitMs = 250;

function expectIdle(): void {
  expect(model.llama.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
}

/** Reads to the end and returns the outcome. The loop and the result must agree on it. */
async function outcome(generation: Generation): Promise<unknown> {
  let text = "";
  let failure: unknown;
  try {
    for await (const chunk of generation) text += chunk.text;
  } catch (error) {
    failure = error;
  }
  if (failure !== undefined) {
    await expect(generation).rejects.toBe(failure);
    return failure;
  }
  const result = await generation;
  expect(result.text).toBe(text);
  return result.finishReason;
}

/** Each function starts a request, ends it at a random moment in its own way, and returns the outcome. */
const ways = {
  async finished() {
    const maxTokens = random.below(8);
    return outcome(model.llama.generate("def add(", { maxTokens, ignoreEos: true }));
  },
  async aborted() {
    const controller = new AbortController();
    const { signal } = controller;
    const generation = model.llama.generate("def add(", { ignoreEos: true, signal });
    const ended = outcome(generation);
    await sleep(random.below(longestWaitMs));
    controller.abort("aborted");
    return ended;
  },
  async cancelled() {
    const generation = model.llama.generate("def add(", { ignoreEos: true });
    const ended = outcome(generation);
    await sleep(random.below(longestWaitMs));
    generation.cancel();
    generation.cancel();
    return ended;
  },
  async left() {
    const generation = model.llama.generate("def add(", { ignoreEos: true });
    let chunks = random.below(4);
    for await (const _ of generation) if (chunks-- === 0) break;
    return (await generation).finishReason;
  },
  async "aborted before"() {
    const signal = AbortSignal.abort("aborted before");
    return outcome(model.llama.generate("def add(", { signal }));
  },
} as const;

const expected: Readonly<Record<keyof typeof ways, unknown>> = {
  finished: "length",
  aborted: "aborted",
  cancelled: "abort",
  left: "abort",
  "aborted before": "aborted before",
};

test(`1,000 requests that end in random ways have the right outcomes (seed ${seed})`, async () => {
  const names = Object.keys(ways) as [keyof typeof ways, ...(keyof typeof ways)[]];
  const started = Array.from({ length: 1000 }, () => random.pick(names));
  const running = heavy("1,000 calls in one turn", () => started.map((name) => ways[name]()));
  const outcomes = await Promise.all(running);
  expect(outcomes).toEqual(started.map((name) => expected[name]));
  expectIdle();
});

test("a request that is cancelled before its prefill ends generates no token", async () => {
  const prompt = model.llama.tokenize("x = [1, 2, 3]\n".repeat(300)).slice(0, 1900);
  for (let i = 0; i < 2000; i++) {
    const generation = model.llama.generate(prompt, { maxTokens: 5 });
    // The moments reach from the engine's wake-up into the prefill, which takes a second.
    const end = performance.now() + (i % 200) / 500;
    while (performance.now() < end);
    generation.cancel();
    expect(await generation).toMatchObject({ finishReason: "abort", tokens: new Int32Array() });
  }
});

test("stats() counts a request as soon as it is made", async () => {
  const prompt = model.llama.tokenize("x = [1, 2, 3]\n".repeat(200)).slice(0, 1200);
  const generations = Array.from({ length: 3 }, () =>
    model.llama.generate(prompt, { maxTokens: 1 }),
  );
  const counts = () => {
    const { running, queued } = model.llama.stats();
    return running + queued;
  };
  for (let i = 0; i < 20; i++) {
    expect(counts()).toBe(3);
    await sleep(1);
  }
  // The context has room for one prompt.
  expect(model.llama.stats()).toMatchObject({ running: 1, queued: 2 });
  for (const generation of generations) generation.cancel();
  await Promise.all(generations);
  expectIdle();
});

test("a signal that 1,000 requests share has no listener after they end", async () => {
  const warnings: unknown[] = [];
  const onWarning = (warning: unknown) => warnings.push(warning);
  process.on("warning", onWarning);
  const controller = new AbortController();
  const { signal } = controller;
  const hasListener = () => getEventListeners(signal, "abort").length > 0;

  const begin = (options: GenerateOptions) =>
    Array.from({ length: 500 }, () => model.llama.generate("def add(", { ...options, signal }));
  const [short, endless] = heavy("1,000 calls in one turn", () => [
    begin({ maxTokens: 1 }),
    begin({ ignoreEos: true, priority: "background" }),
  ]);
  await Promise.all(short);
  expect(hasListener()).toBe(true);
  controller.abort();
  const results = await Promise.allSettled(endless);
  expect(hasListener()).toBe(false);
  for (const result of results) expect(result).toMatchObject({ reason: signal.reason });
  expectIdle();

  process.off("warning", onWarning);
  expect(warnings).toEqual([]);
});
