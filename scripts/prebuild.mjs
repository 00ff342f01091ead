// `npm run prebuild`: fills prebuilds/PLATFORM-ARCH, with one CPU library per kind of CPU. The first run takes
// about 11 minutes of CPU time.
import { statSync } from "node:fs";
import { join, relative } from "node:path";
import { copyBinaries, removeBinaries } from "./binaries.mjs";
import { build } from "./build.mjs";
import { buildFolders, defaultSwitches, readSwitches } from "./build-switches.mjs";
import { findProgram, run } from "./command.mjs";
import { canTargetOlderGlibc, newerThan, oldestGlibc } from "./older-glibc.mjs";
import { libcOfThisMachine } from "./platform.mjs";
import { Failure, root, runWhenMain } from "./project.mjs";
import { note, say } from "./terminal.mjs";

/** node-gyp-build reads the C library from the file name, because a glibc binary does not load on musl. */
function prebuiltName(name) {
  if (!name.endsWith(".node")) return name;
  const libc = libcOfThisMachine();
  return libc === undefined ? "node-codellama.node" : `node-codellama.${libc}.node`;
}

async function strip(files) {
  if (process.platform === "win32" || !findProgram("strip")) return;
  const flags = process.platform === "darwin" ? ["-Sx"] : ["--strip-all"];
  await run(["strip", ...flags, ...files.filter((file) => !file.endsWith(".json"))]);
}

/** @throws {Failure} if a binary does not load on the oldest distributions that the README names */
async function requireOlderGlibc(files) {
  if (!canTargetOlderGlibc()) return;
  const newer = await newerThan(files.filter((file) => !file.endsWith(".json")));
  if (newer.length === 0) return note(`needs glibc ${oldestGlibc} or newer`);
  throw new Failure(
    `These binaries need a newer glibc than ${oldestGlibc}:\n  ${newer.join("\n  ")}`,
    "Define the missing functions in native/glibc/compatibility.c.",
  );
}

/** Builds for all machines of this platform, and fills prebuilds/PLATFORM-ARCH with the binaries. */
export async function prebuild(switches = defaultSwitches) {
  const portable = { ...switches, cpuVariants: true };
  // Removed first, so that no library of an earlier build is packed.
  removeBinaries(buildFolders(portable).output);
  const output = await build(portable);
  const folder = join(root, "prebuilds", `${process.platform}-${process.arch}`);
  say(`Filling ${relative(".", folder)}`);
  const files = copyBinaries(output, folder, prebuiltName);
  await strip(files);
  await requireOlderGlibc(files);
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
  note(`${files.length} files, ${(bytes / 1e6).toFixed(1)} MB`);
}

await runWhenMain(import.meta, (args) => prebuild(readSwitches(args)));
