import { invalidArgument, show } from "../base/arguments.ts";

/** Function with a JSON schema of its arguments. */
export interface CallableFunction {
  readonly name: string;
  readonly parameters?: object | null | undefined;
}

/**
 * JSON schema of a call of one of these functions. A `$ref` inside the parameters of a function starts
 * at the root of those parameters. Such parameters move to `$defs` and their references follow.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for parameters that do not describe an object
 */
export function callSchema(functions: readonly CallableFunction[]): object {
  const definitions: Record<string, object> = {};
  const calls = functions.map(({ name, parameters }, index) => {
    const place = `arguments${index}`;
    const own = parametersOf(name, parameters);
    const { schema, refers } = rebased(own, `/$defs/${place}`);
    if (refers) definitions[place] = schema;
    return {
      type: "object",
      properties: {
        name: { const: name },
        arguments: refers ? { $ref: `#/$defs/${place}` } : own,
      },
      required: ["name", "arguments"],
      // A reader of the stream needs the name first.
      propertyOrdering: ["name", "arguments"],
      additionalProperties: false,
    };
  });
  const [only] = calls;
  const whole = only !== undefined && calls.length === 1 ? only : { anyOf: calls };
  return Object.keys(definitions).length === 0 ? whole : { ...whole, $defs: definitions };
}

/** Schema of the arguments. Without parameters the function takes no arguments, like in OpenAI's API. */
function parametersOf(name: string, parameters: object | null | undefined): object {
  if (parameters == null) return { type: "object", properties: {}, additionalProperties: false };
  const schema = { type: "object", ...parameters };
  if (schema.type === "object") return schema;
  throw invalidArgument(
    `tools: the parameters of ${name} must be of type "object" (got ${show(schema.type)})`,
  );
}

// The schema reader rejects deeper schemas.
const maxDepth = 64;
/** Keywords whose keys are names that the user chose. */
const namedKeywords = new Set(["properties", "patternProperties", "$defs", "definitions"]);
/** Keywords whose values are data, not schemas. */
const dataKeywords = new Set(["const", "enum", "default", "examples"]);

/** Moves a schema to another place. `refers` = the schema contains references to itself. */
function rebased(schema: object, base: string): { schema: object; refers: boolean } {
  let refers = false;
  const move = (value: unknown, hasNames: boolean, depth: number): unknown => {
    if (typeof value !== "object" || value === null || depth > maxDepth) return value;
    if (Array.isArray(value)) return value.map((each) => move(each, false, depth + 1));
    const entries = Object.entries(value).map(([key, child]) => {
      if (!hasNames && dataKeywords.has(key)) return [key, child];
      if (!hasNames && key === "$ref" && typeof child === "string" && child.startsWith("#")) {
        refers = true;
        return [key, `#${base}${child.slice(1)}`];
      }
      return [key, move(child, !hasNames && namedKeywords.has(key), depth + 1)];
    });
    return Object.fromEntries(entries);
  };
  return { schema: move(schema, false, 0) as object, refers };
}
