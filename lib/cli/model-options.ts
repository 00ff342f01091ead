import { basename } from "node:path";
import type { Command } from "commander";
import { CodeLlama } from "../codellama.ts";
import { CodeLlamaError } from "../errors.ts";
import { embeddedModel } from "../model/embedded.ts";
import { type LoadOptions, loadTable } from "../options/load.ts";
import { addFlags, givenOptions } from "./flags.ts";
import { note, progressBar } from "./terminal.ts";

const names = ["contextSize", "threads", "gpuLayers"] as const;

export interface ModelFlags extends Pick<LoadOptions, (typeof names)[number]> {
  readonly model?: string;
}

/** Adds the flag that names the model file. */
export function addModelFlag(command: Command): Command {
  return command.option(
    "-m, --model <file>",
    "GGUF file; default: the package codellama-tiny, if installed",
  );
}

/** Adds the flags of every command that loads a model. */
export function addModelFlags(command: Command): Command {
  return addFlags(addModelFlag(command), loadTable, {}, names);
}

/** Loads the model that the flags name and shows a progress bar. By default for one request at a time. */
export async function loadModel(
  flags: ModelFlags,
  signal: AbortSignal,
  options: LoadOptions = { parallel: 1 },
): Promise<CodeLlama> {
  const path = flags.model ?? defaultModel();
  const bar = progressBar(`Loading ${basename(path)}`);
  try {
    const llama = await CodeLlama.load(path, {
      ...givenOptions<LoadOptions>(flags, loadTable, names),
      ...options,
      onProgress: (fraction) => bar.update(fraction),
      signal,
    });
    bar.stop();
    noteUnusedGpuLayers(flags, llama);
    return llama;
  } finally {
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

/** Path of the embedded model, for a command without `--model`. */
export function defaultModel(): string {
  const path = embeddedModel();
  if (path === undefined) {
    throw new CodeLlamaError(
      "MODEL_NOT_FOUND",
      "no model given: pass --model FILE, a GGUF file of Code Llama such as " +
        "codellama-7b-instruct.Q4_K_M.gguf from Hugging Face; or npm install codellama-tiny, a " +
        "toy model of 18 MB to try things out with",
    );
  }
  note("Using the toy model codellama-tiny; --model FILE takes another.");
  return path;
}
