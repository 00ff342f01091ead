import { join } from "node:path";
import { build } from "../../scripts/build.mjs";
import { readBuildRecord } from "../../scripts/build-record.mjs";
import { buildFolders, defaultSwitches } from "../../scripts/build-switches.mjs";
import { compilerCache } from "../../scripts/build-tools.mjs";
import { run } from "../../scripts/command.mjs";

/**
 * Compiles schema_bench from bench/native, with the engine of this checkout and the grammars of the pinned
 * llama.cpp. Compiles what is out of date, the library included.
 *
 * @returns {Promise<string>} path of the program
 */
export async function buildSchemaBench() {
  const { output } = buildFolders(defaultSwitches);
  const switches = readBuildRecord(output)?.switches ?? defaultSwitches;
  await build(switches);
  const { work } = buildFolders(switches);
  const { env } = compilerCache(work);
  const command = ["cmake", "--build", work, "--config", "Release", "--target", "schema_bench"];
  await run(command, { env, show: "stderr" });
  return join(work, process.platform === "win32" ? "Release/schema_bench.exe" : "schema_bench");
}
