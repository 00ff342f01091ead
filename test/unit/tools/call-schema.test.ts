import { expect, test } from "vitest";
import { callSchema } from "../../../lib/tools/call-schema.ts";

const empty = { type: "object", properties: {}, additionalProperties: false };

function callOf(name: string, parameters: object) {
  return {
    type: "object",
    properties: { name: { const: name }, arguments: parameters },
    required: ["name", "arguments"],
    propertyOrdering: ["name", "arguments"],
    additionalProperties: false,
  };
}

test.each([undefined, null])("parameters of %s mean no arguments", (parameters) => {
  expect(callSchema([{ name: "mute", parameters }])).toEqual(callOf("mute", empty));
});

test("parameters without a type describe an object", () => {
  const { schema, any } = { schema: { properties: { a: {} } }, any: {} };
  expect(callSchema([{ name: "a", parameters: schema }])).toEqual(
    callOf("a", { type: "object", ...schema }),
  );
  expect(callSchema([{ name: "a", parameters: any }])).toEqual(callOf("a", { type: "object" }));
});

test.each(["string", "array", ["object", "null"]])("parameters of type %j are rejected", (type) => {
  expect(() => callSchema([{ name: "mute", parameters: { type } }])).toThrow(
    expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(/parameters of mute must be of type "object"/),
    }),
  );
});

test("references move with the parameters; property names and data stay as they are", () => {
  const parameters = {
    type: "object",
    properties: {
      $ref: { $ref: "#/$defs/default" },
      default: { anyOf: [{ $ref: "#" }, { const: { $ref: "#/$defs/x" } }] },
      far: { $ref: "https://example.com/schema" },
    },
    $defs: { default: { enum: [{ $ref: "#" }] } },
  };
  expect(callSchema([{ name: "mute" }, { name: "set", parameters }])).toEqual({
    anyOf: [callOf("mute", empty), callOf("set", { $ref: "#/$defs/arguments1" })],
    $defs: {
      arguments1: {
        type: "object",
        properties: {
          $ref: { $ref: "#/$defs/arguments1/$defs/default" },
          default: { anyOf: [{ $ref: "#/$defs/arguments1" }, { const: { $ref: "#/$defs/x" } }] },
          far: { $ref: "https://example.com/schema" },
        },
        $defs: { default: { enum: [{ $ref: "#" }] } },
      },
    },
  });
});

test("circular and deep parameters are left to the schema check", () => {
  const circle: Record<string, unknown> = { type: "object" };
  circle.properties = { circle };
  expect(callSchema([{ name: "a", parameters: circle }])).toBeDefined();
  let deep: object = {};
  for (let level = 0; level < 100_000; level++) deep = { items: deep };
  expect(callSchema([{ name: "a", parameters: { properties: { deep } } }])).toBeDefined();
});
