import { expect, test } from "vitest";
import { closeObjects } from "../../../lib/schema/closed-objects.ts";

const closed = { additionalProperties: false };

test("objects at any depth are closed", () => {
  const leaf = { properties: { a: { type: "string" } } };
  const schema = {
    properties: { list: { items: leaf }, either: { anyOf: [leaf, { oneOf: [leaf] }] } },
    $defs: { leaf },
  };
  const shut = { ...leaf, ...closed };
  expect(closeObjects(schema)).toEqual({
    properties: { list: { items: shut }, either: { anyOf: [shut, { oneOf: [shut] }] } },
    $defs: { leaf: shut },
    ...closed,
  });
});

test.each([
  { type: "object" },
  { properties: { a: {} }, additionalProperties: {} },
  { properties: { a: {} }, patternProperties: { b: {} } },
  { properties: { a: {} }, unevaluatedProperties: { type: "string" } },
  { $ref: "#/x" },
])("a schema that says more about properties stays open: %j", (schema) => {
  expect(closeObjects(schema)).toEqual(schema);
});

test("an intersection is closed as a whole", () => {
  const allOf = [{ properties: { a: {} } }, { properties: { b: { properties: { c: {} } } } }];
  expect(closeObjects({ allOf })).toEqual({
    allOf: [allOf[0], { properties: { b: { properties: { c: {} }, ...closed } } }],
    unevaluatedProperties: false,
  });
});

test("a definition that an intersection uses stays open", () => {
  const schema = { allOf: [{ $ref: "#/$defs/a" }], $defs: { a: { properties: { a: {} } } } };
  expect(closeObjects(schema)).toEqual({ ...schema, unevaluatedProperties: false });
});

test.each(["not", "if", "contains"])("the value of %s stays as it is", (keyword) => {
  const schema = { [keyword]: { properties: { a: {} } } };
  expect(closeObjects(schema)).toEqual(schema);
});

test("names and data that look like schemas stay as they are", () => {
  const schema = {
    properties: { properties: { const: { properties: {} } }, not: { enum: [{ properties: {} }] } },
  };
  expect(closeObjects(schema)).toEqual({ ...schema, ...closed });
});
