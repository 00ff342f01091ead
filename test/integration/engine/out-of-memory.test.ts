import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { runFixture } from "../../helpers/child.ts";

const hasPrlimit = (() => {
  try {
    execFileSync("prlimit", ["--version"]);
    return true;
  } catch {
    return false;
  }
})();

const name = "any failed allocation while loading is OUT_OF_MEMORY";
const reason = hasPrlimit ? "" : " (skipped: no prlimit)";

test.skipIf(!hasPrlimit)(`${name}${reason}`, { timeout: 120_000 }, async () => {
  // The limits fail the vocabulary, the mapped weights and the KV cache of 160 MB, one after another.
  const outcomes: string[] = [];
  for (const megabytes of [12, 16, 24, 40, 80, 120, 2000]) {
    const { stdout, signal } = await runFixture("limited-load-child.mjs", [`${megabytes}`]);
    expect(signal, `${megabytes} MB`).toBeNull();
    outcomes.push(stdout.trim());
  }
  const loaded = outcomes.pop();
  expect(loaded).toBe("loaded");
  expect(outcomes).toEqual(outcomes.map(() => "OUT_OF_MEMORY"));
});
