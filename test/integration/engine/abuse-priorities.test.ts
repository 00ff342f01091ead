import { expect, test } from "vitest";
import type { Generation, Priority } from "../../../lib/index.ts";
import { loadTinyModel } from "../../helpers/tiny-model.ts";

test("higher priorities go first, and requests of one priority keep their order", async () => {
  await using llama = await loadTinyModel({ parallel: 1 });
  const ended: string[] = [];
  const start = (name: string, priority: Priority): Generation => {
    const options = { maxTokens: 20, ignoreEos: true, temperature: 0, priority };
    const generation = llama.generate("def add(", options);
    generation.then(() => ended.push(name));
    return generation;
  };

  const running = start("running", "background");
  for await (const _ of running) {
    start("background 1", "background");
    start("background 2", "background");
    start("normal 1", "normal");
    start("interactive 1", "interactive");
    start("normal 2", "normal");
    start("interactive 2", "interactive");
    break;
  }
  const last = start("background 3", "background");
  await last;
  expect(ended).toEqual([
    "running",
    "interactive 1",
    "interactive 2",
    "normal 1",
    "normal 2",
    "background 1",
    "background 2",
    "background 3",
  ]);
});

test("a series of urgent requests does not stop a running background request", async () => {
  await using llama = await loadTinyModel({ parallel: 2 });
  const background = llama.generate("def add(", {
    maxTokens: 100,
    ignoreEos: true,
    priority: "background",
  });
  let isDone = false;
  background.then(() => {
    isDone = true;
  });
  for (let i = 0; !isDone; i++) {
    expect(i).toBeLessThan(1000);
    await llama.generate("def f(", { maxTokens: 5, priority: "interactive" });
  }
  expect((await background).usage.completionTokens).toBe(100);
});
