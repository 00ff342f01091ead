import { expect, test } from "vitest";
import { runFixture } from "../helpers/child.ts";
import { hasProcessFacts } from "../helpers/process-facts.ts";

// The garbage collector collects an engine without references, and its thread ends without close().
test.skipIf(!hasProcessFacts).concurrent.for([
  ["idle", { engines: 1 }],
  ["used", { engines: 1 }],
  ["after a failure", { engines: 1 }],
  ["three at once", { engines: 3 }],
  ["streaming", { engines: 1, tokens: 100 }],
] as const)("an unreferenced engine is collected (%s)", async ([state, expected]) => {
  const child = await runFixture("collection-child.mjs", [state], ["--expose-gc"]);
  expect(child).toMatchObject({ exitCode: 0, stderr: "" });
  expect(JSON.parse(child.stdout)).toEqual({
    ...expected,
    allCollected: true,
    threadsEnded: true,
  });
});

test("ended generations are collected, however they ended", async () => {
  const child = await runFixture("generation-collection-child.mjs", [], ["--expose-gc"]);
  expect(child).toMatchObject({ exitCode: 0, stderr: "" });
  const { started, collected } = JSON.parse(child.stdout);
  expect(started).toBe(60);
  expect(collected).toBe(started);
});

test("ended requests of a server are collected, however they ended", async () => {
  const child = await runFixture("request-collection-child.mjs", [], ["--expose-gc"]);
  expect(child).toMatchObject({ exitCode: 0, stderr: "" });
  const { started, collected } = JSON.parse(child.stdout);
  expect(started).toBe(70);
  // Each open connection keeps its last request alive.
  expect(collected).toBeGreaterThanOrEqual(started - 10);
});
