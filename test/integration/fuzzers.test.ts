import { describe, expect, test } from "vitest";
import { seedOfRun } from "../helpers/random.ts";

// Runs every fuzzer for a few seconds: with a fixed seed, so that a change that breaks something fails
// at once, and with a new seed. `npm run fuzz` runs the fuzzers for longer.
const seconds = 3;
const fixedSeed = 1;

interface Result {
  readonly outcome: "passed" | "found" | "skipped";
  readonly summary: string;
  readonly output: string;
}

interface FuzzScript {
  fuzzerNames(): readonly string[];
  runFuzzer(
    name: string,
    options: { seed: number; seconds: number; memory?: number; output: "pipe" },
  ): Promise<Result>;
}

const script = new URL("../../scripts/fuzz.mjs", import.meta.url).href;
const { fuzzerNames, runFuzzer } = (await import(script)) as FuzzScript;

describe.each(fuzzerNames())("the fuzzer %s", (name) => {
  test.for([fixedSeed, seedOfRun()])(
    "finds nothing with seed %i",
    { timeout: 300_000 },
    async (seed, context) => {
      const { outcome, summary, output } = await runFuzzer(name, { seed, seconds, output: "pipe" });
      if (outcome === "skipped") context.skip(summary);
      expect(outcome, `${summary}\n${output.slice(-8000)}`).toBe("passed");
    },
  );
});

test.each([
  [0, /a fault/],
  [1, /SIGSEGV/],
  [2, /an unhandled rejection/],
  [3, /more than 512 MiB of memory/],
])("reports a fault with the options that repeat its case (%i)", async (seed, message) => {
  const options = { seed, seconds: 60, memory: 512, output: "pipe" } as const;
  const result = await runFuzzer("../fixtures/failing-fuzzer", options);
  expect(result.outcome).toBe("found");
  expect(result.summary).toContain(`--seed ${seed} --case 3`);
  expect(result.summary + result.output).toMatch(message);
});
