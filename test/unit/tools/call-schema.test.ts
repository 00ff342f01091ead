import { expect, test } from "vitest";
import { withToolName } from "../../../lib/schema/tool-places.ts";
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

const definition = (name: string) => ({ $ref: `#/$defs/${name}` });

test.each([undefined, null])("parameters of %s mean no arguments", (parameters) => {
  expect(callSchema([{ name: "mute", parameters, index: 0 }])).toEqual(callOf("mute", empty));
});

test.each([{ properties: { a: {} } }, {}])(
  "parameters without a type describe an object: %j",
  (parameters) => {
    expect(callSchema([{ name: "a", parameters, index: 2 }])).toEqual({
      ...callOf("a", definition("tools[2].a")),
      $defs: { "tools[2].a": { type: "object", ...parameters } },
    });
  },
);

test.each(["string", "array", ["object", "null"]])("parameters of type %j are rejected", (type) => {
  expect(() => callSchema([{ name: "mute", parameters: { type }, index: 0 }])).toThrow(
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
  const functions = [
    { name: "mute", index: 0 },
    { name: "set it", parameters, index: 1 },
  ];
  expect(callSchema(functions)).toEqual({
    anyOf: [callOf("mute", empty), callOf("set it", definition("tools[1].set_it"))],
    $defs: {
      "tools[1].set_it": {
        type: "object",
        properties: {
          $ref: { $ref: "#/$defs/tools[1].set_it/$defs/default" },
          default: {
            anyOf: [{ $ref: "#/$defs/tools[1].set_it" }, { const: { $ref: "#/$defs/x" } }],
          },
          far: { $ref: "https://example.com/schema" },
        },
        $defs: { default: { enum: [{ $ref: "#" }] } },
      },
    },
  });
});

test("references stay in parameters that have an $id", () => {
  const parameters = { $id: "https://example.com/a", type: "object", items: { $ref: "#" } };
  expect(callSchema([{ name: "a", parameters, index: 0 }])).toMatchObject({
    $defs: { "tools[0].a": parameters },
  });
});

test("circular and deep parameters are left to the schema check", () => {
  const circle: Record<string, unknown> = { type: "object" };
  circle.properties = { circle };
  expect(callSchema([{ name: "a", parameters: circle, index: 0 }])).toBeDefined();
  let deep: object = {};
  for (let level = 0; level < 100_000; level++) deep = { items: deep };
  const parameters = { properties: { deep } };
  expect(callSchema([{ name: "a", parameters, index: 0 }])).toBeDefined();
});

test.each([
  [
    'jsonSchema: /$defs/tools[1].get_age/properties/a: "not" cannot be enforced',
    'tools[1].function.parameters of get_age: /properties/a: "not" cannot be enforced',
  ],
  ['jsonSchema: /$defs/tools[0].a: "x"', 'tools[0].function.parameters of a: /: "x"'],
  ['jsonSchema: /$defs/other: "x"', 'jsonSchema: /$defs/other: "x"'],
])("an error names the tool and its field: %s", (message, named) => {
  expect(withToolName(message)).toBe(named);
});
