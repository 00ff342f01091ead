import { mapSchemas, type SchemaObject } from "./subschemas.ts";

/** Keywords under which a stricter schema would allow more values. */
const reversing = new Set(["not", "if", "contains"]);

/**
 * Forbids properties that an object schema does not list, where the schema says nothing about other
 * properties. Libraries such as zod remove them from the value, so a model writes them for nothing.
 */
export function closeObjects(schema: object): object {
  let extendsDefinitions = false;
  mapSchemas(schema, (each, keyword) => {
    extendsDefinitions ||= keyword === "allOf" && typeof each.$ref === "string";
    return each;
  });
  return mapSchemas(
    schema,
    (each, keyword) => {
      // Each part of an `allOf` would forbid the properties of the other parts.
      const isPart =
        keyword === "allOf" ||
        (extendsDefinitions && (keyword === "$defs" || keyword === "definitions"));
      if (isPart || saysAll(each)) return each;
      if (each.allOf !== undefined) return { ...each, unevaluatedProperties: false };
      return each.properties === undefined ? each : { ...each, additionalProperties: false };
    },
    reversing,
  );
}

/** Whether a schema says which further properties an object may have. */
function saysAll(schema: SchemaObject): boolean {
  return (
    schema.additionalProperties !== undefined ||
    schema.unevaluatedProperties !== undefined ||
    schema.patternProperties !== undefined ||
    schema.$ref !== undefined
  );
}
