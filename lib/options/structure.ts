import { invalidArgument } from "../base/arguments.ts";
import { boolean, text } from "./check.ts";
import { jsonOf, jsonSchemaRule } from "./json-schema.ts";
import { patternOf, regularExpression } from "./regular-expression.ts";
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
  /**
   * Regular expression that the whole text matches: a RegExp or its source, in ECMA-262's syntax,
   * read as with the flag `u`. `^` and `$` may be left out. The flags `i`, `m` and `s` work as in
   * JavaScript; `d` and `g` have no effect; `v` and `y` are refused. Word boundaries,
   * backreferences, lookbehind and lookahead in repetitions cannot be enforced: they reject with
   * `INVALID_GRAMMAR` and their place, before anything is computed. At most 65,536 characters.
   */
  readonly regex?: string | RegExp;
}

/** The structure of one text, as an engine takes it. */
export type Structure =
  | { readonly kind: "gbnf"; readonly text: string }
  | JsonStructure
  /** `text` is the source. `flags` are those of `i`, `m` and `s` that are set. */
  | { readonly kind: "regex"; readonly text: string; readonly flags: string };

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
  regex: "regex",
} as const satisfies { readonly [Kind in Structure["kind"]]: keyof StructureOptions };

/** The options that exclude each other. */
export const structureNames = Object.values(structureOptionOf);

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
  regex: {
    rule: regularExpression,
    form: "RegExp or its source",
    native: "none",
    flag: { value: "pattern" },
    doc: "match this regular expression as a whole",
  },
} as const satisfies NativeTable<StructureOptions, object>;

/**
 * The structure that checked options ask for.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function structureOf(options: StructureOptions, where: string): Structure | undefined {
  const { grammar, jsonSchema, regex, compact = false, lenient = false } = options;
  const [first, second] = structureNames.filter((name) => options[name] !== undefined);
  if (second !== undefined) {
    throw invalidArgument(`${where}: ${first} and ${second} exclude each other`);
  }
  if (jsonSchema === undefined && (compact || lenient)) {
    throw invalidArgument(`${where}: ${compact ? "compact" : "lenient"} needs jsonSchema`);
  }
  if (grammar !== undefined) return { kind: "gbnf", text: grammar };
  if (regex !== undefined) {
    const { source, flags } = patternOf(regex);
    return { kind: "regex", text: source, flags };
  }
  if (jsonSchema === undefined) return undefined;
  const json = JSON.stringify(jsonOf(jsonSchema));
  if (json.length > maxJson) {
    throw invalidArgument(`${where}: jsonSchema has more than ${maxJson} characters of JSON`);
  }
  return { kind: "jsonSchema", text: json, compact, lenient };
}
