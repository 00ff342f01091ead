export type SchemaObject = Readonly<Record<string, unknown>>;

/** Keywords whose keys are names that the user chose, and whose values are schemas. */
const named = new Set([
  "properties",
  "patternProperties",
  "$defs",
  "definitions",
  "dependentSchemas",
]);
/** Keywords whose values are data, not schemas. */
const data = new Set(["const", "enum", "default", "examples"]);
// Levels of objects and arrays. The compiler of schemas rejects deeper schemas.
const maxDepth = 64;

/**
 * Copies a JSON schema and changes it and its subschemas, the inner ones first. Values that are nested
 * too deep for a schema are not copied.
 * @param change - gets a schema and the keyword that holds it; undefined for the whole schema
 * @param skipped - keywords whose values are not changed
 */
export function mapSchemas(
  schema: object,
  change: (schema: SchemaObject, keyword: string | undefined) => object,
  skipped: ReadonlySet<string> = new Set(),
): object {
  const copy = (value: unknown, keyword: string | undefined, depth: number): unknown => {
    if (typeof value !== "object" || value === null || depth > maxDepth) return value;
    if (Array.isArray(value)) return value.map((each) => copy(each, keyword, depth + 1));
    const members = mapMembers(value, (member, name) => {
      if (data.has(name) || skipped.has(name)) return member;
      if (!named.has(name) || !isObject(member)) return copy(member, name, depth + 1);
      return mapMembers(member, (each) => copy(each, name, depth + 2));
    });
    return change(members, keyword);
  };
  return copy(schema, undefined, 0) as object;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function mapMembers(
  object: object,
  change: (member: unknown, name: string) => unknown,
): SchemaObject {
  const members = Object.entries(object).map(([name, member]) => [name, change(member, name)]);
  // Unlike an assignment, it treats `__proto__` like any other name.
  return Object.fromEntries(members);
}
