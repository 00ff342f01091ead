import { expect, test } from "vitest";

const { isForUnitTests } = (await import(
  new URL("../../../scripts/test.mjs", import.meta.url).href
)) as { isForUnitTests(args: readonly string[]): boolean };

test.each([
  [["test/unit"]],
  [["./test/unit/prompt", "test/types/api.test-d.ts"]],
  [["test/unit/", "--bail=1"]],
])("%j runs without the addon", (args) => {
  expect(isForUnitTests(args)).toBe(true);
});

test.each([
  [[]],
  [["--bail=1"]],
  [["prompt"]],
  [["test/unit", "test/integration"]],
  [["test/unit/../integration"]],
  [["test/unit", "-t", "tokenize"]],
])("%j builds the addon first", (args) => {
  expect(isForUnitTests(args)).toBe(false);
});
