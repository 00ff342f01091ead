import { expect, test } from "vitest";
import { strip } from "../../../lib/prompt/strip.ts";

test("takes off white space as Python sees it", () => {
  expect(
    strip(
      " \t\n\u000b\f\r\u001c\u001f\u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000a b\u0085",
    ),
  ).toBe("a b");
  expect(strip("\ufeffa\u200b")).toBe("\ufeffa\u200b");
  expect(strip(" \n ")).toBe("");
  expect(strip("")).toBe("");
});

// Quadratic work would take hours.
test.each(["a", "a b", ""])("three million blanks inside %j end", (text) => {
  const blanks = " ".repeat(3_000_000);
  const middle = `x${blanks}${text}${blanks}y`;
  expect(strip(blanks + middle + blanks) === middle).toBe(true);
});
