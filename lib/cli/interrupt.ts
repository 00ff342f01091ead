import type { CodeLlama } from "../codellama.ts";
import type { Generation } from "../generation.ts";
import { loadModel, type ModelFlags } from "./model-options.ts";

/**
 * Loads the model for one piece of work and closes it behind. Ctrl-C cancels the loading or the
 * generation that `work` hands over; a second one ends the process at once.
 */
export async function withModel(
  flags: ModelFlags,
  work: (
    llama: CodeLlama,
    interruptible: <Result>(generation: Generation<Result>) => Generation<Result>,
  ) => Promise<void>,
): Promise<void> {
  const interrupt = new AbortController();
  const onInterrupt = () => {
    process.exitCode = 130;
    interrupt.abort();
    process.off("SIGINT", onInterrupt);
  };
  process.on("SIGINT", onInterrupt);
  try {
    const llama = await loadModel(flags, interrupt.signal);
    try {
      await work(llama, (generation) => {
        interrupt.signal.addEventListener("abort", () => generation.cancel());
        return generation;
      });
    } finally {
      await llama.close();
    }
  } catch (error) {
    if (!interrupt.signal.aborted) throw error;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}
