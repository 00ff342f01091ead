import { invalidArgument, show } from "../base/arguments.ts";
import { text } from "./check.ts";
import { jsonObject } from "./json.ts";
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
   * JSON schema that the text follows: `JSON.parse` accepts the text unless a limit or an abort cuts
   * it short. `{}` allows any JSON. llama.cpp's converter translates the schema. A keyword that it
   * does not support (a `pattern` without anchors, an unresolved `$ref`) rejects with
   * `INVALID_GRAMMAR`. At most 64 levels and 256 KiB of JSON.
   */
  readonly jsonSchema?: object;
}

/** A grammar's text, or a schema's JSON. */
export interface Structure {
  readonly text: string;
  readonly isJsonSchema: boolean;
}

const maxJson = 2 ** 18;
// Longest property name or pattern: the converter walks through both by recursion.
const maxName = 1000;

/** The options of `StructureOptions`; `structureOf()` reads them. */
export const structureTable = {
  grammar: { rule: text, native: "none", doc: "follow this grammar, in GBNF" },
  jsonSchema: {
    rule: jsonObject({ depth: 64, size: maxJson }),
    native: "none",
    doc: "write JSON that follows this schema; {} is any JSON",
  },
} as const satisfies NativeTable<StructureOptions, object>;

/**
 * The structure that checked options ask for.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function structureOf(
  { grammar, jsonSchema }: StructureOptions,
  where: string,
): Structure | undefined {
  if (grammar !== undefined && jsonSchema !== undefined) {
    throw invalidArgument(`${where}: grammar and jsonSchema exclude each other`);
  }
  if (grammar !== undefined) return { text: grammar, isJsonSchema: false };
  if (jsonSchema === undefined) return undefined;
  const json = JSON.stringify(jsonSchema);
  if (json.length > maxJson) {
    throw invalidArgument(`${where}: jsonSchema has more than ${maxJson} characters of JSON`);
  }
  checkNames(jsonSchema, `${where}: jsonSchema`);
  return { text: json, isJsonSchema: true };
}

function checkNames(value: unknown, where: string): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, child] of Object.entries(value)) {
    const long = name === "pattern" && typeof child === "string" ? child : name;
    if (long.length > maxName) {
      throw invalidArgument(
        `${where}: a name or pattern has more than ${maxName} characters: ${show(long)}`,
      );
    }
    checkNames(child, where);
  }
}
