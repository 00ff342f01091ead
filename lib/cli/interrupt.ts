import type { CodeLlama } from "../codellama.ts";
import type { Generation } from "../generation.ts";
import { loadModel, type ModelFlags } from "./model-options.ts";

/**
 * Runs `work`. Ctrl-C aborts the signal, and a rejection after that is not a failure. A second Ctrl-C
 * ends the process at once.
 */
export async function untilInterrupted(
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = () => {
    process.exitCode = 130;
    interrupt.abort();
    process.off("SIGINT", onInterrupt);
  };
  process.on("SIGINT", onInterrupt);
  try {
    await work(interrupt.signal);
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}

/**
 * Loads the model, runs `work` and closes the model. Ctrl-C cancels the load, or a generation that
 * `work` passes to `interruptible`.
 */
export function withModel(
  flags: ModelFlags,
  work: (
    llama: CodeLlama,
    interruptible: <Result>(generation: Generation<Result>) => Generation<Result>,
  ) => Promise<void>,
): Promise<void> {
  return untilInterrupted(async (signal) => {
    const llama = await loadModel(flags, signal);
    try {
      await work(llama, (generation) => {
        signal.addEventListener("abort", () => generation.cancel());
        return generation;
      });
    } finally {
      await llama.close();
    }
  });
}
