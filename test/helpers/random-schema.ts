import { hostileText } from "./hostile-values.ts";
import type { Random } from "./random.ts";

type Schema = Record<string, unknown>;
type Make = () => Schema;

/** Names of properties, ordinary and awkward. */
export const propertyNames = [
  "a",
  "b",
  "name",
  "a b",
  "é",
  '"',
  "\\",
  "__proto__",
  "constructor",
] as const;

const formats = [
  "date",
  "time",
  "date-time",
  "duration",
  "ipv4",
  "ipv6",
  "uuid",
  "email",
  "hostname",
  "uri",
] as const;

/** A random schema with keywords that are enforced exactly. Few of them have no value. */
export function randomSchema(random: Random): Schema {
  return { ...schemaOf(random, 3), $defs: { shared: random.pick(leavesOf(random))() } };
}

function schemaOf(random: Random, depth: number): Schema {
  const inner = () => schemaOf(random, depth - 1);
  const leaves = leavesOf(random);
  if (depth === 0) return random.pick(leaves)();
  return random.pick<Make>([...leaves, ...objectsOf(random, inner), ...othersOf(random, inner)])();
}

function leavesOf(random: Random): readonly [Make, ...Make[]] {
  return [
    () => ({ type: random.pick(["string", "boolean", "null"]) }),
    () => ({
      enum: [hostileText(random, 3), random.below(100), null, true].slice(0, 1 + random.below(4)),
    }),
    () => ({ const: ["x", 1, true, null, [1, "a"], { a: [null] }][random.below(6)] }),
    () => ({ type: "integer", minimum: random.below(10), maximum: 10 + random.below(90) }),
    () => ({ type: "number", exclusiveMinimum: -random.below(10), maximum: random.below(90) }),
    () => ({ type: "integer", minimum: 0, maximum: 500, multipleOf: 1 + random.below(9) }),
    () => ({ type: ["integer", "null"], maximum: 99, exclusiveMinimum: -5 }),
    () => ({ type: "string", minLength: random.below(3), maxLength: 3 + random.below(9) }),
    () => ({
      type: "string",
      pattern: random.pick(["^.{4,12}$", "\\d", "^[a-z]+$", "a|^b", "^(?!x)\\w", "^\\p{Lu}"]),
      maxLength: 12,
    }),
    () => ({ type: "string", format: random.pick(formats), maxLength: 40 }),
    () => ({ type: ["boolean", "null"], not: { const: random.pick([true, null]) } }),
  ];
}

/** Schemas of objects. */
function objectsOf(random: Random, inner: Make): readonly Make[] {
  const closed = { type: "object", additionalProperties: false };
  const tagged = (tag: number, rest: Schema) => ({
    ...closed,
    properties: { k: { const: tag }, ...rest },
    required: ["k", ...Object.keys(rest)],
  });
  return [
    () => {
      const properties = Object.fromEntries(
        propertyNames.slice(0, 1 + random.below(4)).map((name) => [name, inner()]),
      );
      const required = Object.keys(properties).filter(() => random.below(2) === 0);
      return { ...closed, properties, required };
    },
    () => ({
      ...closed,
      properties: { kind: { enum: ["a", "b"] }, x: inner() },
      required: ["kind"],
      if: { properties: { kind: { const: "a" } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ["x"] },
      maxProperties: 2,
    }),
    () => ({
      ...closed,
      patternProperties: { "^[ab]$": inner() },
      minProperties: 1,
      maxProperties: 2,
    }),
    () => ({ ...closed, properties: { a: inner(), b: inner() }, dependentRequired: { a: ["b"] } }),
    () => ({
      type: "object",
      propertyNames: { pattern: "^[xy]{1,2}$" },
      additionalProperties: inner(),
      maxProperties: 2,
    }),
    () => ({
      type: "object",
      allOf: [{ properties: { a: inner() } }, { properties: { b: inner() }, required: ["b"] }],
      unevaluatedProperties: false,
    }),
    () => ({ oneOf: [tagged(1, {}), tagged(2, { v: inner() })] }),
  ];
}

/** Schemas of arrays, and combinations. */
function othersOf(random: Random, inner: Make): readonly Make[] {
  const array = { type: "array", maxItems: 3 };
  return [
    () => ({ ...array, items: inner(), minItems: random.below(3) }),
    () => ({ ...array, prefixItems: [inner()], items: inner(), contains: { type: "null" } }),
    () => ({ ...array, prefixItems: [inner(), inner()], items: false, minItems: 1 }),
    () => ({ ...array, items: { enum: ["a", "b", 1, null] }, uniqueItems: true, minItems: 2 }),
    () => ({ anyOf: [inner(), inner()] }),
    () => ({ $ref: "#/$defs/shared" }),
    () => ({ allOf: [inner(), {}] }),
  ];
}
