import { expect, test } from "vitest";
import { runFixture } from "../helpers/child.ts";

test("four workers and the main thread generate at once, and each worker ends independently", async () => {
  const child = await runFixture("workers-child.mjs");
  expect(child).toMatchObject({ exitCode: 0, stderr: "" });
  const { texts, codes } = JSON.parse(child.stdout);
  expect(texts).toHaveLength(6);
  expect(texts[0]).toContain("return");
  expect(new Set(texts).size).toBe(1);
  expect(codes).toEqual([1, 1, 0, 3]);
});
