import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { addon, type NativeEngine, type NativeEvent } from "../../../lib/native/binding.ts";
import { Random, seedOfRun } from "../../helpers/random.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

// The contract of the addon, below lib/: every accepted request gets exactly one `finished` or `failed`,
// whatever calls come at any time, and `closed` is the last event.

const requests = 1000;
const seed = seedOfRun();

/** Loads an engine and records all its events. */
async function startEngine(): Promise<{ engine: NativeEngine; events: NativeEvent[] }> {
  const events: NativeEvent[] = [];
  const options = { modelPath, threads: 1, contextSize: 512, parallel: 8 };
  const engine = await new Promise<NativeEngine>((resolve) => {
    const started: NativeEngine = new (addon().EngineHandle)(options, (step) => {
      events.push(...step);
      if (step.some((event) => event.type === "loaded")) resolve(started);
    });
  });
  return { engine, events };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

const endings = (events: readonly NativeEvent[]) =>
  events.filter((event) => event.type === "finished" || event.type === "failed");

test.each([
  ["when the test waits for all of them", requests],
  ["when the engine closes after half of them", requests / 2],
])(`every request ends exactly once %s (seed ${seed})`, async (_, endingsBeforeClose) => {
  const random = new Random(seed);
  const { engine, events } = await startEngine();
  const prompt = engine.tokenize("def add(a, b):\n    return a + b\n", true, false);
  for (let id = 1; id <= requests; id++) {
    const accepted = engine.submit({
      id,
      prompt: prompt.slice(0, 1 + random.below(prompt.length)),
      maxTokens: random.below(6),
      priority: random.pick(["interactive", "normal", "background"]),
      temperature: 0,
    });
    expect(accepted).toBe(true);
    for (let calls = random.below(4); calls > 0; calls--) {
      // The calls name this request or another one: waiting, running, ended or not yet submitted.
      const other = 1 + random.below(id + 2);
      const paused = random.below(id);
      random.pick([
        () => engine.cancel(id),
        () => engine.cancel(other),
        () => engine.setPaused(paused, true),
        () => engine.setPaused(paused, false),
      ])();
    }
    if (id % 50 === 0) await sleep(random.below(20));
  }
  for (let id = 1; id <= requests; id++) engine.setPaused(id, false);

  await until(() => endings(events).length >= endingsBeforeClose);
  if (endingsBeforeClose === requests) {
    expect(engine.stats()).toMatchObject({ running: 0, queued: 0, kvCellsUsed: 0 });
  }
  engine.close();
  engine.close();
  await until(() => events.at(-1)?.type === "closed");
  await sleep(20);

  expect(events.filter((event) => event.type === "closed")).toHaveLength(1);
  expect(events.at(-1)?.type).toBe("closed");
  const ids = endings(events).map((event) => ("id" in event ? event.id : 0));
  expect(ids.toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: requests }, (_, index) => index + 1),
  );
  expect(engine.submit({ id: requests + 1, prompt, maxTokens: 1 })).toBe(false);
});

test("no text comes after the end of its request", async () => {
  const { engine, events } = await startEngine();
  for (let id = 1; id <= 50; id++) {
    engine.submit({
      id,
      prompt: engine.tokenize("def add(", true, false),
      maxTokens: 20,
      ignoreEos: true,
      temperature: 0,
    });
  }
  for (let id = 1; id <= 50; id += 3) {
    await sleep(3);
    engine.cancel(id);
  }
  await until(() => endings(events).length === 50);
  engine.close();
  await until(() => events.at(-1)?.type === "closed");

  const ended = new Set<number>();
  for (const event of events) {
    if (!("id" in event)) continue;
    expect(ended.has(event.id)).toBe(false);
    if (event.type !== "text") ended.add(event.id);
  }
});
