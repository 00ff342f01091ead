import { expect, test } from "vitest";
import { fillInMiddlePrompt } from "../../../lib/prompt/fill-in-middle.ts";

const [bos, pre, suf, mid, repository, fileSeparator] = [1, 11, 12, 13, 14, 15];
const tokens = { bos, prefix: pre, suffix: suf, middle: mid };
const hole = { prefix: "before", suffix: "behind" };
const before = { text: "before", inside: true };
const behind = { text: "behind", inside: true };

test("puts the prefix first in PSM order", () => {
  expect(fillInMiddlePrompt(hole, "psm", [], tokens, false)).toEqual([
    pre,
    before,
    suf,
    behind,
    mid,
  ]);
});

test("puts the suffix first in SPM order", () => {
  expect(fillInMiddlePrompt(hole, "spm", [], tokens, true)).toEqual([
    ...[bos, pre, suf, behind, mid, before],
  ]);
});

test("puts the suffix first for a model without a middle token", () => {
  const two = { bos, prefix: pre, suffix: suf };
  expect(fillInMiddlePrompt(hole, "psm", [], two, true)).toEqual([bos, suf, behind, pre, before]);
});

test("puts other files of the repository before the hole", () => {
  const files = [{ path: "a.py", text: "x = 1\n" }];
  const named = { ...hole, path: "b.py" };
  const prompt = fillInMiddlePrompt(
    named,
    "psm",
    files,
    { ...tokens, repository, fileSeparator },
    false,
  );
  expect(prompt).toEqual([
    repository,
    { text: "repository\n", inside: true },
    fileSeparator,
    { text: "a.py\nx = 1\n", inside: true },
    fileSeparator,
    { text: "b.py\n", inside: true },
    ...[pre, before, suf, behind, mid],
  ]);
});

test("rejects a model without infill tokens", () => {
  expect(() => fillInMiddlePrompt(hole, "psm", [], { bos }, true)).toThrow(/no infill tokens/);
});
