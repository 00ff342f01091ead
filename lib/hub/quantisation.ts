import { nearestName } from "../options/nearest-name.ts";
import { notFound } from "./failure.ts";

/** One model of a repository: a file, or the parts of a split model in order. */
export interface ModelFiles<File extends NamedFile = NamedFile> {
  /** Such as `Q4_K_M`. Undefined if the name does not tell it. */
  readonly quantisation: string | undefined;
  readonly parts: readonly [File, ...File[]];
}

interface NamedFile {
  readonly path: string;
}

/** Size of all parts. */
export function bytesOf({ parts }: ModelFiles<NamedFile & { readonly bytes: number }>): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0);
}

const part = /-(\d{5})-of-(\d{5})(?=\.gguf$)/i;
const knownQuantisation =
  /(?:^|[-._/])((?:UD-)?(?:I?Q[1-8](?:_[0-9A-Z]+)*|TQ[12]_0|MXFP4(?:_MOE)?|BF16|F16|FP16|F32|FP32))(?=[-._/]|$)/gi;

/** Type of the weights that a file's name tells, such as `Q4_K_M`. */
export function quantisationOf(path: string): string | undefined {
  const name = path.replace(/\.gguf$/i, "").replace(part, "");
  return [...name.matchAll(knownQuantisation)].at(-1)?.[1]?.toUpperCase();
}

/**
 * Groups GGUF files to models. Leaves out projectors, importance matrices and split models with a
 * missing part.
 */
export function modelsOf<File extends NamedFile>(files: readonly File[]): ModelFiles<File>[] {
  const groups = new Map<string, File[]>();
  for (const file of files) {
    if (!/\.gguf$/i.test(file.path) || /mmproj|imatrix/i.test(file.path)) continue;
    const key = file.path.replace(part, (_, __, count) => `-of-${count}`);
    groups.set(key, [...(groups.get(key) ?? []), file]);
  }
  return [...groups.values()].flatMap((group) => {
    const [first, ...rest] = group.sort((a, b) => (a.path < b.path ? -1 : 1));
    if (first === undefined || !isComplete(group)) return [];
    return [{ quantisation: quantisationOf(first.path), parts: [first, ...rest] as const }];
  });
}

function isComplete(group: readonly NamedFile[]): boolean {
  const [, , count] = part.exec(group[0]?.path ?? "") ?? [];
  if (count === undefined) return true;
  const numbers = group.map(({ path }) => Number(part.exec(path)?.[1]));
  return numbers.length === Number(count) && numbers.every((number, index) => number === index + 1);
}

/** Which model of a repository a caller wants. */
export interface Choice {
  readonly file: string | undefined;
  readonly quantisation: string | undefined;
}

// Taken in this order when the caller names no quantisation.
const usual = ["Q4_K_M", "Q8_0"];

/** The model that a caller wants. Undefined if the files do not have it. */
export function findModel<File extends NamedFile>(
  models: readonly ModelFiles<File>[],
  { file, quantisation }: Choice,
): ModelFiles<File> | undefined {
  if (file !== undefined) {
    return models.find(({ parts }) => parts.some(({ path }) => path === file));
  }
  const withType = (type: string) => models.find((model) => model.quantisation === type);
  if (quantisation !== undefined) return withType(quantisation.toUpperCase());
  const standard = usual.map(withType).find((model) => model !== undefined);
  return standard ?? (models.length === 1 ? models[0] : undefined);
}

/**
 * The model that a caller wants.
 * @param where - call and repository, for messages
 * @throws CodeLlamaError `MODEL_NOT_FOUND`, naming near names and the quantisations that exist
 */
export function chooseModel<File extends NamedFile>(
  files: readonly File[],
  choice: Choice,
  where: string,
): ModelFiles<File> {
  const models = modelsOf(files);
  const found = findModel(models, choice);
  if (found !== undefined) return found;
  const { file, quantisation } = choice;
  if (models.length === 0) {
    throw notFound(`${where} has no GGUF model; look for a repository whose name ends with -GGUF`);
  }
  if (file !== undefined) {
    const paths = models.map(({ parts }) => parts[0].path);
    const near = nearestName(file, paths);
    const advice = near === undefined ? `; it has ${listed(paths)}` : `; did you mean "${near}"?`;
    throw notFound(`${where} has no file "${file}"${advice}`);
  }
  const names = [...new Set(models.flatMap((model) => model.quantisation ?? []))].sort();
  const existing = names.length > 0 ? names : models.map(({ parts }) => parts[0].path);
  throw notFound(
    quantisation === undefined
      ? `${where} has several models; choose one of ${listed(existing)}`
      : `${where} has no quantisation "${quantisation}"; it has ${listed(existing)}`,
  );
}

const mostListed = 30;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, mostListed).join(", ");
  return names.length > mostListed ? `${shown} and ${names.length - mostListed} more` : shown;
}
