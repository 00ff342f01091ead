import { invalidArgument } from "../base/arguments.ts";
import { boolean, text } from "./check.ts";
import { jsonOf, jsonSchemaRule } from "./json-schema.ts";
import type { NativeTable } from "./table.ts";

/** The structure that a text must follow. */
export interface StructureOptions {
  /**
   * Grammar that the text follows, in GBNF, llama.cpp's format. The text ends where the grammar
   * ends. An invalid grammar rejects with `INVALID_GRAMMAR` and the line, before anything is
   * computed. At most 1 MiB.
   */
  readonly grammar?: string;
  /**
   * JSON schema that the text follows, of draft 2020-12 or of the older draft that its `$schema`
   * names. Unless a limit or an abort cuts it short, the text parses as JSON and is valid. `{}` allows
   * any JSON. Properties may come in any order; the keyword `propertyOrdering`, an array of names,
   * fixes it. `additionalProperties: false` keeps a model to the listed ones. A keyword that cannot be
   * enforced rejects with `INVALID_GRAMMAR`, its JSON pointer and its name, before anything is
   * computed; unknown keywords and formats are annotations. At most 64 levels and 256 KiB of JSON.
   *
   * A schema of zod 4.2 or later, ArkType, or another library with the interface of Standard JSON
   * Schema gives a typed `value`: see `StructuredResult`. The text follows the schema's input, without
   * properties that the schema does not list.
   */
  readonly jsonSchema?: object;
  /** Writes the JSON of `jsonSchema` without whitespace: fewer tokens for the same value. Default false. */
  readonly compact?: boolean;
  /**
   * Drops the keywords of `jsonSchema` that cannot be enforced, instead of rejecting the schema;
   * `droppedKeywords` of the result lists them. All other keywords are enforced. Inside `not` and `if`
   * the whole `not` or `if` is dropped, and a `oneOf` becomes an `anyOf`. Default false.
   */
  readonly lenient?: boolean;
}

/** The structure of one text, as an engine takes it. */
export type Structure = { readonly kind: "gbnf"; readonly text: string } | JsonStructure;

/** A JSON schema as JSON text, and how strictly and how densely its text is written. */
export interface JsonStructure {
  readonly kind: "jsonSchema";
  readonly text: string;
  readonly compact: boolean;
  readonly lenient: boolean;
}

/** The option that asks for each kind of structure. */
export const structureOptionOf = {
  gbnf: "grammar",
  jsonSchema: "jsonSchema",
} as const satisfies { readonly [Kind in Structure["kind"]]: keyof StructureOptions };

const maxJson = 2 ** 18;

/** The options of `StructureOptions`; `structureOf()` reads them. */
export const structureTable = {
  grammar: { rule: text, native: "none", doc: "follow this grammar, in GBNF" },
  jsonSchema: {
    rule: jsonSchemaRule({ depth: 64, size: maxJson }),
    native: "none",
    doc: "write JSON that follows this schema; {} is any JSON",
  },
  compact: {
    rule: boolean,
    native: "none",
    default: false,
    off: [false],
    field: "compact_json",
    doc: "write the JSON of a schema without whitespace",
  },
  lenient: {
    rule: boolean,
    native: "none",
    default: false,
    off: [false],
    field: "lenient_schema",
    doc: "drop keywords of a schema that cannot be enforced",
  },
} as const satisfies NativeTable<StructureOptions, object>;

/**
 * The structure that checked options ask for.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function structureOf(
  { grammar, jsonSchema, compact = false, lenient = false }: StructureOptions,
  where: string,
): Structure | undefined {
  if (grammar !== undefined && jsonSchema !== undefined) {
    throw invalidArgument(`${where}: grammar and jsonSchema exclude each other`);
  }
  if (jsonSchema === undefined && (compact || lenient)) {
    throw invalidArgument(`${where}: ${compact ? "compact" : "lenient"} needs jsonSchema`);
  }
  if (grammar !== undefined) return { kind: "gbnf", text: grammar };
  if (jsonSchema === undefined) return undefined;
  const json = JSON.stringify(jsonOf(jsonSchema));
  if (json.length > maxJson) {
    throw invalidArgument(`${where}: jsonSchema has more than ${maxJson} characters of JSON`);
  }
  return { kind: "jsonSchema", text: json, compact, lenient };
}
