import type { Command } from "commander";
import { note, sizeText } from "./terminal.ts";

export function addRemoveCommand(program: Command): void {
  program
    .command("rm")
    .description("remove models from the cache")
    .argument("<model...>", "names of node-codellama list")
    .action(remove);
}

/** Prints the removed files. */
async function remove(models: readonly string[]): Promise<void> {
  const { removeModel } = await import("../model/remove.ts");
  for (const model of models) {
    const { paths, bytes } = await removeModel(model);
    process.stdout.write(paths.map((path) => `${path}\n`).join(""));
    note(`Removed ${model}, ${sizeText(bytes)}.`);
  }
}
