import { basename } from "node:path";
import type { Command } from "commander";
import { CodeLlama } from "../codellama.ts";
import { CodeLlamaError } from "../errors.ts";
import { embeddedModel } from "../model/embedded.ts";
import type { LoadOptions } from "../options/load.ts";
import { wholeNumber } from "./parsers.ts";
import { note, progressBar } from "./terminal.ts";

export interface ModelFlags {
  readonly model?: string;
  readonly contextSize?: number;
  readonly threads?: number;
  readonly gpuLayers?: number | "auto";
}

/** The flags of every command that loads a model. */
export function addModelFlags(command: Command): Command {
  return command
    .option("-m, --model <file>", "GGUF file; default: the package codellama-tiny, if installed")
    .option(
      "-c, --context-size <tokens>",
      "tokens that the KV cache holds",
      wholeNumber(8, 2 ** 31 - 1),
    )
    .option(
      "-t, --threads <number>",
      "CPU threads; default: the physical cores",
      wholeNumber(1, 512),
    )
    .option("--gpu-layers <number>", 'layers on the GPU, or "auto"', (text) =>
      text === "auto" ? text : wholeNumber(0, 10_000)(text),
    );
}

/** Loads the model that the flags name, with a bar on a terminal; by default for one request. */
export async function loadModel(
  flags: ModelFlags,
  signal: AbortSignal,
  options: LoadOptions = { parallel: 1 },
): Promise<CodeLlama> {
  const path = flags.model ?? defaultModel();
  const bar = progressBar(`Loading ${basename(path)}`);
  try {
    const llama = await CodeLlama.load(path, {
      ...(flags.contextSize === undefined ? {} : { contextSize: flags.contextSize }),
      ...(flags.threads === undefined ? {} : { threads: flags.threads }),
      ...(flags.gpuLayers === undefined ? {} : { gpuLayers: flags.gpuLayers }),
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

/** The API stays on the CPU in silence, for one program on all machines; a person asked for a GPU. */
function noteUnusedGpuLayers({ gpuLayers = 0 }: ModelFlags, { placement }: CodeLlama): void {
  if (gpuLayers === "auto" || gpuLayers === 0 || placement.reason === undefined) return;
  note(
    `--gpu-layers ${gpuLayers}: all layers run on the CPU: ${placement.reason}. ` +
      "node-codellama doctor says more.",
  );
}

/** The embedded model's path, for a command without `--model`. */
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
