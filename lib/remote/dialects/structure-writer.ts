import type { Structure } from "../../options/structure.ts";
import type { FieldWriter } from "./option-fields.ts";
import { ownJsonOption } from "./own-json.ts";

type OfKind<Kind extends Structure["kind"]> = Extract<Structure, { kind: Kind }>;
type StructureWriters = {
  readonly [Kind in Structure["kind"]]?: (structure: OfKind<Kind>) => object | undefined;
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
export const responseFormat = ({ text }: OfKind<"jsonSchema">): object => ({
  response_format: {
    type: "json_schema",
    json_schema: { name: "answer", schema: JSON.parse(text), strict: true },
  },
});

/** Writes a regular expression for a server without flags: with flags it is not supported. */
export const plainRegex =
  (write: (source: string) => object) =>
  ({ text, flags }: OfKind<"regex">): object | undefined =>
    flags === "" ? write(text) : undefined;

/** A regular expression whose flags are part of its source, for servers of this package. */
export const sourceWithFlags = ({ text, flags }: OfKind<"regex">): string =>
  flags === "" ? text : `(?${flags}:${text})`;
