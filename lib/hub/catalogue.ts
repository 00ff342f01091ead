import { invalidArgument, show } from "../base/arguments.ts";
import { nearestName } from "../options/nearest-name.ts";
import { type CatalogueFile, catalogueData } from "./catalogue-data.ts";
import type { CatalogueReference, HuggingFaceReference } from "./reference.ts";

/** Names of the catalogue. */
export const catalogueNames: readonly string[] = Object.keys(catalogueData);

/** Repositories of the catalogue, for suggestions. */
export const catalogueRepositories: readonly string[] = Object.values(catalogueData).map(
  ({ repository }) => repository,
);

/** A model of the catalogue, with the hash that its file must have if that is known. */
export interface CatalogueModel {
  readonly reference: HuggingFaceReference;
  readonly pinned: CatalogueFile | undefined;
}

/**
 * Finds a name of the catalogue. The default quantisation is Q4_K_M.
 * @param where - the call, for messages
 * @throws CodeLlamaError `INVALID_ARGUMENT`, naming near names
 */
export function findInCatalogue(
  { name, quantisation = "Q4_K_M" }: CatalogueReference,
  where: string,
): CatalogueModel {
  const entry = Object.hasOwn(catalogueData, name) ? catalogueData[name] : undefined;
  if (entry === undefined) {
    const near = nearestName(name, catalogueNames);
    const advice = near === undefined ? "" : `; did you mean "${near}"?`;
    throw invalidArgument(
      `${where}: the catalogue has no model ${show(name)}${advice} Known names: ${catalogueNames.join(", ")}`,
    );
  }
  const { repository, revision = "main", files = {} } = entry;
  const type = quantisation.toUpperCase();
  const reference = {
    kind: "hugging-face",
    repository,
    revision,
    file: undefined,
    quantisation: type,
  } as const;
  return { reference, pinned: Object.hasOwn(files, type) ? files[type] : undefined };
}
