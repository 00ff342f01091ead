import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cpuIdentity } from "./build-tools.mjs";
import { readPin } from "./project.mjs";

/** Writes down, beside the binaries, what they were built from and how. */
export function writeBuildRecord(output, switches) {
  const { version, commit } = readPin();
  const cpu = switches.cpuVariants ? "any" : cpuIdentity();
  const record = { llama: { version, commit }, switches, cpu };
  writeFileSync(join(output, "build.json"), `${JSON.stringify(record, null, 2)}\n`);
}

/** How the binaries in a folder were built, or undefined. */
export function readBuildRecord(output) {
  try {
    return JSON.parse(readFileSync(join(output, "build.json"), "utf8"));
  } catch {
    return undefined;
  }
}
