import { expect, test } from "vitest";
import { ToolCallStream } from "../../../lib/tools/call-stream.ts";

const given = '{"a": "}\\"]", "b": [{}, {"c": "\\\\"}] }';
const text = ` { "name" : "add \\"it\\"" , "arguments" : ${given} } \n`;

test.each([1, 2, 3, 7, text.length])("a call in pieces of %i", (size) => {
  const stream = new ToolCallStream();
  let name = "";
  let told = "";
  for (let from = 0; from < text.length; from += size) {
    for (const { id, function: called } of stream.push(text.slice(from, from + size))) {
      expect(id !== undefined).toBe(called.name !== undefined);
      name += called.name ?? "";
      told += called.arguments;
    }
    expect(stream.call?.function.arguments ?? "").toBe(told);
    expect(stream.isWhole).toBe(told === given);
  }
  expect([name, told]).toEqual(['add "it"', given]);
  expect(stream.call).toMatchObject({ type: "function", function: { name, arguments: given } });
});

test("there is none before its name is written, and none in other text", () => {
  for (const text of ["", '{"name": "ad', "Hello", '{"nam": "add"}', '{"name": "a\\q", "x']) {
    const stream = new ToolCallStream();
    expect(stream.push(text)).toEqual([]);
    expect(stream.call).toBeUndefined();
    expect(stream.isWhole).toBe(false);
  }
});
