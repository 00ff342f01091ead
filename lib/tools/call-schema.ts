import { invalidArgument, show } from "../base/arguments.ts";
import { mapSchemas } from "../schema/subschemas.ts";

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

/** Moves a schema to another place. `refers` = the schema contains references to itself. */
function rebased(schema: object, base: string): { schema: object; refers: boolean } {
  let refers = false;
  const moved = mapSchemas(schema, (each) => {
    const { $ref: reference } = each;
    if (typeof reference !== "string" || !reference.startsWith("#")) return each;
    refers = true;
    return { ...each, $ref: `#${base}${reference.slice(1)}` };
  });
  return { schema: moved, refers };
}
