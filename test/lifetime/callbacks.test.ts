import { describe, expect, test } from "vitest";
import { runFixture } from "../helpers/child.ts";

// Callbacks of the user that the engine's events run. The addon is on the stack when they throw or end
// the process.
const ends = [
  ["throw", { exitCode: 1, stderr: expect.stringMatching(/\nError: planned end\n/) }],
  ["process.exit", { exitCode: 7, stderr: "" }],
] as const;
const workerEnds = [
  ["throw", "exit 1 after planned end"],
  ["process.exit", "exit 7"],
] as const;
const workers = 5;

describe.concurrent.each(["in onProgress", "in the loop", "in an abort listener"])(
  "%s",
  (place) => {
    test.for(ends)("%s ends the process", async ([end, expected]) => {
      expect(await runFixture("callback-child.mjs", [place, end])).toMatchObject({
        ...expected,
        signal: null,
      });
    });

    test.for(workerEnds)("%s ends its worker", async ([end, expected]) => {
      const child = await runFixture("callback-child.mjs", [place, end, `${workers}`]);
      expect(child).toMatchObject({ exitCode: 0, signal: null, stderr: "" });
      expect(child.stdout).toBe(`${expected}\n`.repeat(workers));
    });
  },
);

test("the engine continues if a handler catches uncaught exceptions", async () => {
  const child = await runFixture("surviving-child.mjs");
  expect(child).toMatchObject({ exitCode: 0, stderr: "" });
  const { thrown, uncaught, ...rest } = JSON.parse(child.stdout);
  expect(thrown.length).toBeGreaterThan(2);
  expect(uncaught).toEqual(thrown);
  expect(rest).toEqual({
    leaving: "left the loop",
    finishReason: "abort",
    running: 0,
    queued: 0,
  });
});
