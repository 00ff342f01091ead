import { expect, test } from "vitest";
import { insideBlock } from "../../../../lib/server/answers/block.ts";

test.each([
  ["    a\n    b\nc", 4, { length: 11, ended: true }],
  ["    a\n\n    b", 4, { length: 12, ended: false }],
  ["    a\n  ", 4, { length: 5, ended: false }],
  ["    a  \n\t\n ", 4, { length: 7, ended: false }],
  ["\n\n", 4, { length: 0, ended: false }],
  ["  ", 4, { length: 2, ended: false }],
  ["", 4, { length: 0, ended: false }],
])("%j, %d columns: %j", (text, columns, block) => {
  expect(insideBlock(text, columns)).toEqual(block);
});

test("handles a million blank lines in linear time", () => {
  const blank = "\n".repeat(1_000_000);
  expect(insideBlock(`    a${blank}    b`, 4)).toEqual({ length: 1_000_010, ended: false });
  expect(insideBlock(`    a${blank}`, 4)).toEqual({ length: 5, ended: false });
});
