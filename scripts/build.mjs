// Compiles llama.cpp and the addon with CMake. cmake-js finds the tools. node-api-headers has the only
// Node.js headers that are needed.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { removeBinaries } from "./binaries.mjs";
import { BuildLog } from "./build-log.mjs";
import { openBuildPackages } from "./build-packages.mjs";
import { readBuildRecord, writeBuildRecord } from "./build-record.mjs";
import {
  buildFolders,
  cmakeVariables,
  defaultSwitches,
  help,
  readSwitches,
} from "./build-switches.mjs";
import { checkTools, compilerCache, cpuIdentity, toolAdvice } from "./build-tools.mjs";
import { run } from "./command.mjs";
import { fetchLlama } from "./fetch-llama.mjs";
import { withLock } from "./lock.mjs";
import { canTargetOlderGlibc, hasGlibcStubs, makeGlibcStubs } from "./older-glibc.mjs";
import { Failure, root, runWhenMain } from "./project.mjs";
import { note, say } from "./terminal.mjs";

/**
 * Builds what is out of date, and writes a build record beside the binaries.
 * @param {import("./build-switches.mjs").Switches} switches
 * @returns {Promise<string>} the folder with the binaries
 */
export async function build(switches = defaultSwitches) {
  return withLock(buildFolders(switches).work, () => buildAlone(switches));
}

async function buildAlone(switches) {
  const llama = await fetchLlama();
  const { work, output } = buildFolders(switches);
  checkTools();
  // Binaries for other machines must load on older systems too.
  const glibc = switches.cpuVariants && canTargetOlderGlibc() ? join(work, "glibc") : undefined;
  const cmake = await openCMake(switches, { work, folders: { llama, output, glibc } });
  const configureCommand = await cmake.getConfigureCommand().catch((error) => {
    throw new Failure(error.message, toolAdvice());
  });
  startOverWhenForeign(work, cmake.toolset.generator);
  if (glibc !== undefined && !hasGlibcStubs(glibc)) await makeGlibcStubs(glibc);
  const { args, env } = compilerCache(work);
  const log = new BuildLog(join(work, "build.log"));
  await configure([...configureCommand, ...args], { work, env, log });
  // The addon must not find a backend that is now switched off. The other binaries are linked again.
  if (!isDeepStrictEqual(readBuildRecord(output)?.switches, switches)) removeBinaries(output);
  await compile(await cmake.getBuildCommand(), { env, log });
  writeBuildRecord(output, switches);
  return output;
}

async function openCMake(switches, { work, folders }) {
  const load = await openBuildPackages();
  const cmakeJs = load("cmake-js");
  const headers = [
    load("node-api-headers").include_dir,
    dirname(load.resolve("node-addon-api/package.json")),
  ];
  return new cmakeJs.CMake({
    directory: join(root, "native"),
    out: work,
    debug: switches.debug,
    isNodeApi: true,
    cCompilerPath: process.env.CC,
    cppCompilerPath: process.env.CXX,
    // cmake-js finds node-addon-api only in the node_modules above native/.
    cMakeOptions: { ...cmakeVariables(switches, folders), CMAKE_JS_INC: headers.join(";") },
    parallel: process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? String(availableParallelism()),
  });
}

/** CMake cannot change its folder, generator or compiler later, so a change of these starts over. */
function startOverWhenForeign(work, generator) {
  const file = join(work, "made-for.json");
  const wanted = JSON.stringify([root, generator, cpuIdentity(), process.env.CC, process.env.CXX]);
  if (existsSync(file) && readFileSync(file, "utf8") === wanted) return;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  writeFileSync(file, wanted);
}

async function configure(command, { work, env, log }) {
  const file = join(work, "configured.json");
  const wanted = JSON.stringify(command);
  if (existsSync(file) && readFileSync(file, "utf8") === wanted) return;
  rmSync(file, { force: true });
  say("Configuring llama.cpp and the addon");
  await runLogged(command, { cwd: work, env, log });
  writeFileSync(file, wanted);
}

async function compile(command, { env, log }) {
  // A late import, because setup loads this module before the packages are installed.
  const { BuildProgress } = await import("./build-progress.mjs");
  const progress = new BuildProgress("Compiling llama.cpp and the addon");
  try {
    const onLine = (line) => progress.take(line);
    await runLogged(command, { env: { ...env, NINJA_STATUS: "[%f/%t] " }, log, onLine });
  } finally {
    progress.stop();
  }
  if (!progress.isIdle) note(`done in ${progress.seconds} s`);
  for (const warning of log.ownWarnings()) note(warning);
}

/**
 * @param {string[]} command
 * @param {{log: BuildLog, onLine?: (line: string) => void, cwd?: string, env?: NodeJS.ProcessEnv}} options
 */
async function runLogged(command, { log, onLine, ...options }) {
  log.add(command.join(" "));
  const takeLine = (line) => {
    log.add(line);
    onLine?.(line);
  };
  await run(command, { ...options, onLine: takeLine }).catch(() => {
    throw new Failure(
      `${log.failure()}\n\nThe build failed.`,
      `The whole log: ${relative(".", log.file)}`,
    );
  });
}

await runWhenMain(import.meta, async (args) => {
  if (args.includes("--help")) return console.log(help);
  const switches = readSwitches(args);
  const output = await build(switches);
  // Only a clone has lib/. An installed package does not need the object files again.
  if (!existsSync(join(root, "lib")))
    rmSync(join(root, ".cache"), { recursive: true, force: true });
  note(`the addon is up to date in ${relative(".", output)}`);
});
