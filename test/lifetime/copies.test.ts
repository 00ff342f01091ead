import { expect, test } from "vitest";
import { runFixture } from "../helpers/child.ts";

test("the ESM and the CommonJS copy work in one process and recognise each other's errors", async () => {
  const child = await runFixture("copies-child.mjs");
  expect(child).toMatchObject({ exitCode: 0, stderr: "" });
  const { texts, ...facts } = JSON.parse(child.stdout);
  expect(facts).toEqual({
    areTwoCopies: true,
    codes: ["MODEL_NOT_FOUND", "MODEL_NOT_FOUND"],
    recogniseOwn: [true, true],
    recogniseOther: [true, true],
    recogniseForeign: [false, false],
  });
  expect(texts[0]).toContain("Return the sum");
  expect(texts[1]).toBe(texts[0]);
});
