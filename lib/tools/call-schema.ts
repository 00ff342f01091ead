import { invalidArgument, show } from "../base/arguments.ts";

/** A function that can be called, with a JSON schema of its arguments. */
export interface CallableFunction {
  readonly name: string;
  readonly parameters?: object | null | undefined;
}

/**
 * What a call of one of these functions has to be. References inside a function's parameters are to
 * their own root: such parameters go to the root of the whole, each under a name of its own.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for parameters that are no object's
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
      additionalProperties: false,
    };
  });
  const [only] = calls;
  const whole = only !== undefined && calls.length === 1 ? only : { anyOf: calls };
  return Object.keys(definitions).length === 0 ? whole : { ...whole, $defs: definitions };
}

/** None are an empty list, as OpenAI has it. */
function parametersOf(name: string, parameters: object | null | undefined): object {
  if (parameters == null) return { type: "object", properties: {}, additionalProperties: false };
  const schema = { type: "object", ...parameters };
  if (schema.type === "object") return schema;
  throw invalidArgument(
    `tools: the parameters of ${name} must be of type "object", not ${show(schema.type)}`,
  );
}

// Deeper ones are refused where the schema is read.
const maxDepth = 64;
/** Their keys are a user's names. */
const named = new Set(["properties", "patternProperties", "$defs", "definitions"]);
/** Their values are data. */
const data = new Set(["const", "enum", "default", "examples"]);

/** A schema that goes to another place, and whether it refers to itself. */
function rebased(schema: object, base: string): { schema: object; refers: boolean } {
  let refers = false;
  const move = (value: unknown, hasNames: boolean, depth: number): unknown => {
    if (typeof value !== "object" || value === null || depth > maxDepth) return value;
    if (Array.isArray(value)) return value.map((each) => move(each, false, depth + 1));
    const entries = Object.entries(value).map(([key, child]) => {
      if (!hasNames && data.has(key)) return [key, child];
      if (!hasNames && key === "$ref" && typeof child === "string" && child.startsWith("#")) {
        refers = true;
        return [key, `#${base}${child.slice(1)}`];
      }
      return [key, move(child, !hasNames && named.has(key), depth + 1)];
    });
    return Object.fromEntries(entries);
  };
  return { schema: move(schema, false, 0) as object, refers };
}
