import { invalidArgument, show } from "../base/arguments.ts";
import { type Rules, text } from "./check.ts";
import { jsonObject } from "./json.ts";

/** What a text must look like. */
export interface StructureOptions {
  /**
   * A grammar that the text follows, in GBNF, llama.cpp's format. With one, nothing else can come,
   * and the text ends where the grammar does. A bad one rejects with `INVALID_GRAMMAR` before
   * anything is computed, and names the line. At most 1 MiB.
   */
  readonly grammar?: string;
  /**
   * A JSON schema that the text follows: it can be given to `JSON.parse` unless a limit or an abort
   * cuts it short. `{}` is any JSON. Converted by llama.cpp's own converter; what that does not
   * know (a `pattern` that is not anchored, an unresolved `$ref`) rejects with `INVALID_GRAMMAR`.
   * Up to 64 levels and 256 KiB of JSON.
   */
  readonly jsonSchema?: object;
}

/** A grammar's text, or a schema's JSON. */
export interface Structure {
  readonly text: string;
  readonly isJsonSchema: boolean;
}

const maxJson = 2 ** 18;
// Of property names and patterns, which the converter goes through by recursion.
const maxName = 1000;

export const structureRules: Rules = {
  grammar: text,
  jsonSchema: jsonObject({ depth: 64, size: maxJson }),
};

/**
 * The structure that the options ask for, as their rules let them pass.
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
