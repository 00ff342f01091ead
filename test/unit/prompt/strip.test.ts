import { expect, test } from "vitest";
import { strip } from "../../../lib/prompt/strip.ts";

test("removes the characters that Python treats as white space", () => {
  expect(
    strip(
      " \t\n\u000b\f\r\u001c\u001f\u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000a b\u0085",
    ),
  ).toBe("a b");
  expect(strip("\ufeffa\u200b")).toBe("\ufeffa\u200b");
  expect(strip(" \n ")).toBe("");
  expect(strip("")).toBe("");
});

// A quadratic algorithm would take hours.
test.each(["a", "a b", ""])("handles three million blanks around %j in linear time", (text) => {
  const blanks = " ".repeat(3_000_000);
  const middle = `x${blanks}${text}${blanks}y`;
  expect(strip(blanks + middle + blanks) === middle).toBe(true);
});
