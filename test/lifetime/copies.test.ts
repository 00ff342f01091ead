import { expect, test } from "vitest";
import { runFixture } from "../helpers/child.ts";

test("the ESM and the CommonJS copy work in one process and know each other's errors", async () => {
  const child = await runFixture("copies-child.mjs");
  expect(child).toMatchObject({ exitCode: 0, stderr: "" });
  const { texts, ...facts } = JSON.parse(child.stdout);
  expect(facts).toEqual({
    areTwoCopies: true,
    codes: ["MODEL_NOT_FOUND", "MODEL_NOT_FOUND"],
    knowOwn: [true, true],
    knowOther: [true, true],
    knowForeign: [false, false],
  });
  expect(texts[0]).toContain("Return the sum");
  expect(texts[1]).toBe(texts[0]);
});
