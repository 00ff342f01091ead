import { describe, expect, test } from "vitest";
import { OverlapTrimmer } from "../../../lib/prompt/overlap.ts";
import { Random } from "../../helpers/random.ts";

function trim(text: string, suffix: string, cut = (_: string) => 1): string {
  const trimmer = new OverlapTrimmer(suffix);
  let shown = "";
  for (let at = 0; at < text.length; ) {
    const length = Math.max(1, cut(text));
    shown += trimmer.push(text.slice(at, at + length));
    at += length;
  }
  return shown + trimmer.finish();
}

describe("removes the end of an infill that repeats", () => {
  test.each([
    ["a whole line", "x = 1\n    return x", "\n    return x\n", "x = 1"],
    ["several lines", "x\nfoo()\nbar()", "\nfoo()\nbar()\nbaz()\n", "x"],
    ["the rest of a line", "a, b)", "b)\nc", "a, "],
    ["the whole suffix", "one two", "two", "one "],
    ["a line and its line break", "x\n  y()\n", "\n  y()\nz", "x"],
    ["less than the longest partial match", "ab\nab", "ab\nab\nac", ""],
  ])("%s", (_, text, suffix, expected) => {
    expect(trim(text, suffix)).toBe(expected);
  });
});

describe("keeps text that may be intended", () => {
  test.each([
    ["a bracket", "foo(x)", ")\n"],
    ["a closing brace", "x\n}", "\n}\n"],
    ["a line break", "x\n", "\ny"],
    ["half a line", "x = ret", "return x"],
    ["text without an overlap", "abc", "xyz"],
    ["an empty suffix", "abc", ""],
    ["an empty text", "", "abc"],
  ])("%s", (_, text, suffix) => {
    expect(trim(text, suffix)).toBe(text);
  });
});

test("shows text at once when it cannot be a repetition", () => {
  const trimmer = new OverlapTrimmer("\nreturn x\n");
  expect(trimmer.push("a = 1")).toBe("a = 1");
  expect(trimmer.push("\nreturn ")).toBe("");
  expect(trimmer.push("y")).toBe("\nreturn y");
  expect(trimmer.finish()).toBe("");
});

test("gives the same result as trying every length, for every way to cut the text", () => {
  const random = new Random(3);
  const text = (length: number) =>
    Array.from({ length: random.below(length) }, () => random.pick(["a", "b", "\n", ")"])).join("");
  for (let round = 0; round < 3000; round++) {
    const suffix = text(8);
    const middle = text(8) + (random.below(2) ? suffix.slice(0, random.below(9)) : "");
    let expected = middle;
    for (let length = Math.min(middle.length, suffix.length); length > 0; length--) {
      const overlap = suffix.slice(0, length);
      const next = suffix[length] ?? "\n";
      if (!middle.endsWith(overlap) || !/\w/.test(overlap)) continue;
      if (next !== "\n" && !overlap.endsWith("\n")) continue;
      expected = middle.slice(0, middle.length - length);
      break;
    }
    expect(trim(middle, suffix, () => 1 + random.below(4))).toBe(expected);
  }
});
