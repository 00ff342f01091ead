import type { Structure } from "../../options/structure.ts";
import type { FieldWriter } from "./option-fields.ts";
import { ownJsonOption } from "./own-json.ts";

type Kind = Structure["kind"];
type StructureWriters = {
  readonly [Each in Kind]?: (structure: Extract<Structure, { kind: Each }>) => object | undefined;
};

/**
 * Writes a structure with the writer of its kind. A server does not support kinds without one.
 * @param isOwn - whether the server is node-codellama, which has the options `compact` and `lenient`
 */
export function structureWriter(
  writers: StructureWriters,
  { isOwn = false }: { readonly isOwn?: boolean } = {},
): FieldWriter<Structure> {
  return (structure: Structure) => {
    if (!isOwn && ownJsonOption(structure) !== undefined) return undefined;
    const write = writers[structure.kind] as ((each: Structure) => object | undefined) | undefined;
    return write?.(structure);
  };
}

/** OpenAI's field for a JSON schema. */
export const responseFormat = ({ text }: { readonly text: string }): object => ({
  response_format: {
    type: "json_schema",
    json_schema: { name: "answer", schema: JSON.parse(text), strict: true },
  },
});
