import { modelPath } from "codellama-tiny";
import { afterAll, beforeAll } from "vitest";
import { CodeLlama, type LoadOptions } from "../../lib/index.ts";

export { modelPath };

/** TEST_GPU_LAYERS=auto runs the tests on the GPU. The build needs a backend for the GPU. */
const gpuLayers = process.env.TEST_GPU_LAYERS === "auto" ? "auto" : 0;

/**
 * Loads the embedded model with one thread. Test files run in parallel, and more compute threads than
 * cores would wait for each other.
 */
export function loadTinyModel(options: LoadOptions = {}): Promise<CodeLlama> {
  return CodeLlama.load(modelPath, { threads: 1, gpuLayers, ...options });
}

/** Loads the embedded model for the tests of a file. */
export function useTinyModel(options: LoadOptions = {}): { readonly llama: CodeLlama } {
  let llama: CodeLlama | undefined;
  beforeAll(async () => {
    llama = await loadTinyModel(options);
  });
  afterAll(async () => {
    await llama?.close();
  });
  return {
    get llama() {
      if (llama === undefined) throw new Error("the model is not loaded yet");
      return llama;
    },
  };
}
