/** Describes the machine and the build, because results depend on both. */
import { availableParallelism, cpus, loadavg, release, totalmem, type } from "node:os";
import { readBuildRecord } from "../scripts/build-record.mjs";
import { buildFolders, defaultSwitches } from "../scripts/build-switches.mjs";
import { findGpus } from "../scripts/nvidia.mjs";
import { readPin } from "../scripts/project.mjs";
import { SPEED_FLAGS } from "./llama-tools.mjs";

/** Facts about this machine and build, for the head of the table and the JSON file. */
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
    libraryBuild: readBuildRecord(buildFolders(defaultSwitches).output) ?? null,
    gpus: findGpus(),
  };
}
