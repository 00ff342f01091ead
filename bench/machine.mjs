/** What a result depends on besides the code: the machine and how the engines were built. */
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { join } from "node:path";
import { buildFolders, defaultSwitches } from "../scripts/build-switches.mjs";
import { readPin } from "../scripts/project.mjs";
import { SPEED_FLAGS } from "./llama-tools.mjs";

/** How the library itself was built, as the build wrote it down beside the binaries. */
function libraryBuild() {
  const record = join(buildFolders(defaultSwitches).output, "build.json");
  return existsSync(record) ? JSON.parse(readFileSync(record, "utf8")) : null;
}

/** Describes this machine and this build, for the table's head and the JSON file. */
export function describeMachine() {
  const { version, commit } = readPin();
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    loadAverage: loadavg()[0],
    system: `${type()} ${release()} ${process.arch}`,
    node: process.version,
    llamaCpp: { version, commit },
    flags: SPEED_FLAGS,
    libraryBuild: libraryBuild(),
  };
}
