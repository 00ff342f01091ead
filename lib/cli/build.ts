import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Command } from "commander";
import { packageFile } from "../native/package-file.ts";

/** Compiles the addon if no prebuilt binary fits, or for a GPU. The build script prints its own help. */
export function addBuildCommand(program: Command): void {
  program
    .command("build")
    .description("compile the addon from source, for example with --cuda")
    .allowUnknownOption()
    .helpOption(false)
    .argument("[switches...]")
    .action(async (switches: readonly string[]) => {
      const script = packageFile("scripts", "build.mjs");
      const child = spawn(process.execPath, [script, ...switches], { stdio: "inherit" });
      // Ctrl-C reaches the child too. This process waits until the child has ended.
      process.on("SIGINT", () => {});
      const [code] = (await once(child, "exit")) as [number | null];
      process.exitCode = code ?? 1;
    });
}
