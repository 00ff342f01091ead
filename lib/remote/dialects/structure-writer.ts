import type { Structure } from "../../options/structure.ts";
import type { FieldWriter } from "./option-fields.ts";

type Kind = Structure["kind"];
type StructureWriters = {
  readonly [Each in Kind]?: (structure: Extract<Structure, { kind: Each }>) => object | undefined;
};

/** Writes a structure with the writer of its kind. A server does not support kinds without one. */
export function structureWriter(writers: StructureWriters): FieldWriter<Structure> {
  return (structure: Structure) => {
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
