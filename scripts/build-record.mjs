import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cpuIdentity } from "./build-tools.mjs";
import { readPin } from "./project.mjs";

/** Writes build.json beside the binaries: their sources, switches and CPU. */
export function writeBuildRecord(output, switches) {
  const { version, commit } = readPin();
  const cpu = switches.cpuVariants ? "any" : cpuIdentity();
  const record = { llama: { version, commit }, switches, cpu };
  writeFileSync(join(output, "build.json"), `${JSON.stringify(record, null, 2)}\n`);
}

/** The build record of a folder of binaries. Undefined if it has none. */
export function readBuildRecord(output) {
  try {
    return JSON.parse(readFileSync(join(output, "build.json"), "utf8"));
  } catch {
    return undefined;
  }
}
