/** Part of a value that does not meet a schema. */
export interface SchemaIssue {
  readonly message: string;
  /** Names and indices that lead to the part. Absent for the whole value. */
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/** What `validate` returns. `issues` are set for an invalid value. */
type Validated<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/**
 * A schema of zod, Valibot, ArkType or another library with the interfaces Standard Schema and Standard
 * JSON Schema (https://standardschema.dev).
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    /** Exists for the compiler only. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly validate?: (value: unknown) => Validated<Output> | Promise<Validated<Output>>;
    readonly jsonSchema?: {
      readonly input: (options: { readonly target: "draft-2020-12" }) => object;
    };
  };
}

/** Type of the values that a schema's `validate` returns. A plain JSON schema has `unknown` values. */
export type ValueOf<Schema> = Schema extends {
  readonly "~standard": { readonly types?: infer Types };
}
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : unknown
  : unknown;

/** Whether a value is a Standard Schema, with or without a JSON schema. ArkType's are functions. */
export function isStandardSchema(value: unknown): value is StandardSchema {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  const { "~standard": standard } = value as { readonly "~standard"?: unknown };
  return typeof standard === "object" && standard !== null;
}

/**
 * The JSON schema of a schema's input. A model writes the input, and `validate` turns it into the
 * output. Undefined if the library does not offer a JSON schema.
 */
export function inputJsonSchema(schema: StandardSchema): object | undefined {
  return schema["~standard"].jsonSchema?.input({ target: "draft-2020-12" });
}

/** What to do about a schema whose library does not offer its JSON schema. */
export function adviceFor({ "~standard": { vendor } }: StandardSchema): string {
  if (vendor === "zod") return "use zod 4.2 or later, or pass z.toJSONSchema(schema)";
  if (vendor === "valibot") {
    return "pass toStandardJsonSchema(schema) from @valibot/to-json-schema";
  }
  return "pass its JSON schema, or a schema with the interface of Standard JSON Schema";
}
