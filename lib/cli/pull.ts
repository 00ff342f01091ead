import type { Command } from "commander";
import { downloadBar } from "./download-bar.ts";
import { untilInterrupted } from "./interrupt.ts";

export function addPullCommand(program: Command): void {
  program
    .command("pull")
    .description("fetch models into the cache")
    .argument("<model...>", "hf:org/repo:QUANT, URL, ollama:name or codellama:7b-instruct")
    .addHelpText("after", "\nCtrl-C keeps what has arrived. The same command continues.")
    .action(pull);
}

/** Prints the path of each model. */
async function pull(models: readonly string[]): Promise<void> {
  const { pullModel } = await import("../model/pull.ts");
  await untilInterrupted(async (signal) => {
    for (const model of models) {
      const bar = downloadBar(model);
      try {
        const { path } = await pullModel(model, {
          signal,
          onProgress: (progress) => bar.update(progress),
        });
        bar.stop();
        process.stdout.write(`${path}\n`);
      } catch (error) {
        if (signal.aborted) bar.interrupt();
        throw error;
      } finally {
        bar.stop();
      }
    }
  });
}
