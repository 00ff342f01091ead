// `npm run prebuild`: prebuilds/PLATFORM-ARCH, with a CPU library for each kind of CPU. The first
// time takes about 11 minutes of CPU time.
import { existsSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { copyBinaries, removeBinaries } from "./binaries.mjs";
import { build } from "./build.mjs";
import { buildFolders, defaultSwitches, readSwitches } from "./build-switches.mjs";
import { findProgram, run } from "./command.mjs";
import { root, runWhenMain } from "./project.mjs";
import { note, say } from "./terminal.mjs";

/** node-gyp-build reads the C library from the name: a glibc binary does not load on musl. */
function prebuiltName(name) {
  if (!name.endsWith(".node")) return name;
  if (process.platform !== "linux") return "node-codellama.node";
  return `node-codellama.${existsSync("/etc/alpine-release") ? "musl" : "glibc"}.node`;
}

async function strip(files) {
  if (process.platform === "win32" || !findProgram("strip")) return;
  const flags = process.platform === "darwin" ? ["-Sx"] : ["--strip-all"];
  await run(["strip", ...flags, ...files.filter((file) => !file.endsWith(".json"))]);
}

/** Builds for any machine of this kind and fills prebuilds/PLATFORM-ARCH with the binaries. */
export async function prebuild(switches = defaultSwitches) {
  const portable = { ...switches, cpuVariants: true };
  // Linked anew, so that no library of an earlier build travels along.
  removeBinaries(buildFolders(portable).output);
  const output = await build(portable);
  const folder = join(root, "prebuilds", `${process.platform}-${process.arch}`);
  say(`Filling ${relative(".", folder)}`);
  const files = copyBinaries(output, folder, prebuiltName);
  await strip(files);
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  note(`${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`);
}

await runWhenMain(import.meta, (args) => prebuild(readSwitches(args)));
