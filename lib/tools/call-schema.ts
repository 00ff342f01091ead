import { invalidArgument, show } from "../base/arguments.ts";
import { mapSchemas } from "../schema/subschemas.ts";
import { parametersName } from "../schema/tool-places.ts";

/** Function with a JSON schema of its arguments. */
export interface CallableFunction {
  readonly name: string;
  readonly parameters?: object | null | undefined;
  /** Position of the tool in the caller's list, for errors. */
  readonly index: number;
}

/**
 * JSON schema of a call of one of these functions. The parameters of each function are a definition,
 * whose name tells the tool in errors. A `$ref` inside them starts at their own root and moves along.
 * @throws CodeLlamaError `INVALID_ARGUMENT` for parameters that do not describe an object
 */
export function callSchema(functions: readonly CallableFunction[]): object {
  const definitions: Record<string, object> = {};
  const calls = functions.map(({ name, parameters, index }) => ({
    type: "object",
    properties: { name: { const: name }, arguments: argumentsOf(name, parameters, index) },
    required: ["name", "arguments"],
    // A reader of the stream needs the name first.
    propertyOrdering: ["name", "arguments"],
    additionalProperties: false,
  }));
  function argumentsOf(name: string, parameters: object | null | undefined, index: number): object {
    if (parameters == null) return noArguments;
    const place = parametersName(index, name);
    definitions[place] = rebased(objectSchema(name, parameters), `/$defs/${place}`);
    return { $ref: `#/$defs/${place}` };
  }
  const [only] = calls;
  const whole = only !== undefined && calls.length === 1 ? only : { anyOf: calls };
  return Object.keys(definitions).length === 0 ? whole : { ...whole, $defs: definitions };
}

/** Without parameters a function takes no arguments, like in OpenAI's API. */
const noArguments = { type: "object", properties: {}, additionalProperties: false };

function objectSchema(name: string, parameters: object): object {
  const schema = { type: "object", ...parameters };
  if (schema.type === "object") return schema;
  throw invalidArgument(
    `tools: the parameters of ${name} must be of type "object" (got ${show(schema.type)})`,
  );
}

/** Moves a schema to another place. References inside a schema with an `$id` do not change. */
function rebased(schema: object, base: string): object {
  if ("$id" in schema) return schema;
  return mapSchemas(schema, (each) => {
    const { $ref: reference } = each;
    const isOwn = typeof reference === "string" && reference.startsWith("#");
    return isOwn ? { ...each, $ref: `#${base}${reference.slice(1)}` } : each;
  });
}
