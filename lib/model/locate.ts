import { access } from "node:fs/promises";
import { basename } from "node:path";
import { CodeLlamaError } from "../errors.ts";
import { isModelUri, isRepository } from "../hub/reference.ts";
import type { NativeLoadOptions, NativeLora } from "../native/binding.ts";
import type { DownloadProgress } from "../options/pull.ts";

export interface LocateOptions {
  readonly onDownload?: ((progress: DownloadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The path of a model that is named by a path or a URI. Fetches the model of a URI that is not on this
 * machine.
 * @param where - the call, for messages
 * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`, `DOWNLOAD_FAILED`; the signal's reason
 */
export async function locateModel(
  name: string,
  where: string,
  { onDownload, signal }: LocateOptions = {},
): Promise<string> {
  if (!isModelUri(name)) {
    await requireNoRepository(name, where);
    return name;
  }
  // Imported here, so that programs that use paths start faster.
  const { fetchModel } = await import("../hub/fetch-model.ts");
  return (await fetchModel(name, where, { onProgress: onDownload, signal })).path;
}

/** Tells users who leave out `hf:` what to write. */
async function requireNoRepository(path: string, where: string): Promise<void> {
  const [repository = ""] = path.split(":");
  if (!isRepository(repository) || /\.gguf$/i.test(path)) return;
  const isMissing = await access(path).then(
    () => false,
    () => true,
  );
  if (!isMissing) return;
  throw new CodeLlamaError(
    "MODEL_NOT_FOUND",
    `${where}: ${path}: there is no such file; for a repository of Hugging Face, write hf:${path}`,
  );
}

/** The same options, with the path of each file that a URI names. */
export async function locateFiles(
  options: NativeLoadOptions,
  where: string,
  locateOptions: LocateOptions,
): Promise<NativeLoadOptions> {
  const locate = (name: string) => locateModel(name, where, locateOptions);
  const { draftModelPath, loras } = options;
  const located = {
    ...options,
    modelPath: await locate(options.modelPath),
    ...(draftModelPath !== undefined && { draftModelPath: await locate(draftModelPath) }),
  };
  if (loras === undefined) return located;
  const paths: NativeLora[] = [];
  for (const lora of loras) paths.push({ ...lora, path: await locate(lora.path) });
  return { ...located, loras: paths };
}

/** The names that tell something about a model: its URI and the name of its file. */
export function nameOfFile(name: string, path: string): string {
  return isModelUri(name) ? `${name} ${basename(path)}` : basename(path);
}
