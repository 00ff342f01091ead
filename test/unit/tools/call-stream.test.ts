import { expect, test } from "vitest";
import { ToolCallStream } from "../../../lib/tools/call-stream.ts";

const given = '{"a": "}\\"]", "b": [{}, {"c": "\\\\"}] }';
const text = ` { "name" : "add \\"it\\"" , "arguments" : ${given} } \n`;

test.each([1, 2, 3, 7, text.length])("a call in pieces of %i characters", (size) => {
  const stream = new ToolCallStream();
  let name = "";
  let received = "";
  for (let from = 0; from < text.length; from += size) {
    for (const { id, function: called } of stream.push(text.slice(from, from + size))) {
      expect(id !== undefined).toBe(called.name !== undefined);
      name += called.name ?? "";
      received += called.arguments;
    }
    expect(stream.call?.function.arguments ?? "").toBe(received);
    expect(stream.isComplete).toBe(received === given);
  }
  expect([name, received]).toEqual(['add "it"', given]);
  expect(stream.call).toMatchObject({ type: "function", function: { name, arguments: given } });
});

test("there is no call before its name is complete and no call in other text", () => {
  for (const text of ["", '{"name": "ad', "Hello", '{"nam": "add"}', '{"name": "a\\q", "x']) {
    const stream = new ToolCallStream();
    expect(stream.push(text)).toEqual([]);
    expect(stream.call).toBeUndefined();
    expect(stream.isComplete).toBe(false);
  }
});
