import { basename } from "node:path";
import type { Command } from "commander";
import { CodeLlama } from "../codellama.ts";
import { CodeLlamaError } from "../errors.ts";
import { configuredModel } from "../hub/configuration.ts";
import { isModelUri } from "../hub/reference.ts";
import { embeddedModel } from "../model/embedded.ts";
import { type LoadOptions, loadTable } from "../options/load.ts";
import { downloadBar } from "./download-bar.ts";
import { addFlags, givenOptions } from "./flags.ts";
import { note, progressBar } from "./terminal.ts";

const names = ["contextSize", "threads", "gpuLayers"] as const;

export interface ModelFlags extends Pick<LoadOptions, (typeof names)[number]> {
  readonly model?: string;
}

/** Adds the flag that names the model. */
export function addModelFlag(command: Command): Command {
  return command.option(
    "-m, --model <model>",
    "GGUF file, hf:org/repo:QUANT, URL or codellama:7b-instruct",
  );
}

/** Adds the flags of every command that loads a model. */
export function addModelFlags(command: Command): Command {
  return addFlags(addModelFlag(command), loadTable, {}, names);
}

/**
 * Loads the model that the flags name, with a progress bar for its download and its loading. By default
 * for one request at a time.
 */
export async function loadModel(
  flags: ModelFlags,
  signal: AbortSignal,
  options: LoadOptions = { parallel: 1 },
): Promise<CodeLlama> {
  const model = flags.model ?? defaultModel();
  const name = isModelUri(model) ? model : basename(model);
  const download = downloadBar(name);
  const bar = progressBar(`Loading ${name}`);
  try {
    const llama = await CodeLlama.load(model, {
      ...givenOptions<LoadOptions>(flags, loadTable, names),
      ...options,
      onDownload: (progress) => download.update(progress),
      onProgress: (fraction) => {
        download.stop();
        bar.update(fraction);
      },
      signal,
    });
    bar.stop();
    noteUnusedGpuLayers(flags, llama);
    return llama;
  } catch (error) {
    if (signal.aborted) download.interrupt();
    throw error;
  } finally {
    download.stop();
    bar.stop();
  }
}

/** Warns when the user asked for GPU layers and there is no GPU. The API does not warn. */
function noteUnusedGpuLayers({ gpuLayers = 0 }: ModelFlags, { placement }: CodeLlama): void {
  if (gpuLayers === "auto" || gpuLayers === 0 || placement.reason === undefined) return;
  note(
    `--gpu-layers ${gpuLayers}: all layers run on the CPU: ${placement.reason}. ` +
      "Run node-codellama doctor for details.",
  );
}

/**
 * The model for a command without `--model`: `CODELLAMA_MODEL`, the model of the configuration file, or
 * the embedded model.
 */
export function defaultModel(): string {
  const configured = configuredModel();
  if (configured !== undefined) return configured;
  const path = embeddedModel();
  if (path === undefined) {
    throw new CodeLlamaError(
      "MODEL_NOT_FOUND",
      "no model given: pass --model codellama:7b-instruct, which downloads 4.08 GB, or the path of a " +
        "GGUF file; or npm install codellama-tiny, a toy model of 18 MB to try things out with",
    );
  }
  note("Using the toy model codellama-tiny; --model codellama:7b-instruct takes a real one.");
  return path;
}
