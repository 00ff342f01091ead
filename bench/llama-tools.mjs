/**
 * Compiles llama.cpp's programs from the pinned source with the flags of our build. A comparison then measures
 * the code and not the compiler flags.
 */
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { BuildProgress } from "../scripts/build-progress.mjs";
import { readBuildRecord } from "../scripts/build-record.mjs";
import { buildFolders, defaultSwitches } from "../scripts/build-switches.mjs";
import { compilerCache, cpuIdentity } from "../scripts/build-tools.mjs";
import { findProgram, run } from "../scripts/command.mjs";
import { fetchLlama } from "../scripts/fetch-llama.mjs";
import { readPin, root, runWhenMain } from "../scripts/project.mjs";
import { note, say } from "../scripts/terminal.mjs";
import { cacheDirectory } from "./cache.mjs";

/** The flags that affect speed. native/CMakeLists.txt sets the same for the library. */
export const SPEED_FLAGS = {
  CMAKE_BUILD_TYPE: "Release",
  BUILD_SHARED_LIBS: "ON",
  GGML_NATIVE: "ON",
  GGML_OPENMP: "OFF",
  GGML_RPC: "ON",
};

/** Other flags of the programs. */
const PROGRAM_FLAGS = {
  // Without this header, the programs crash on CPUs with AMX.
  ...(process.platform !== "win32" && {
    CMAKE_CXX_FLAGS: `-include "${join(root, "native/kernels/cpu/amx_tiles.h")}"`,
  }),
  LLAMA_BUILD_COMMON: "ON",
  LLAMA_BUILD_TOOLS: "ON",
  LLAMA_BUILD_SERVER: "ON",
  LLAMA_BUILD_UI: "OFF",
  LLAMA_USE_PREBUILT_UI: "OFF",
  LLAMA_BUILD_APP: "OFF",
  LLAMA_BUILD_MTMD: "OFF",
  LLAMA_BUILD_EXAMPLES: "OFF",
  LLAMA_BUILD_TESTS: "OFF",
  LLAMA_OPENSSL: "OFF",
};

/** Build folder for this version, clone and processor. A CMake build cannot change them later. */
function buildFolder() {
  const { version, commit } = readPin();
  const bound = createHash("sha256").update(`${commit} ${root} ${cpuIdentity()}`).digest("hex");
  return cacheDirectory(`llama.cpp-${version}-${bound.slice(0, 8)}`);
}

/** Value of the programs' -ngl: more layers than any model has. */
export const ALL_LAYERS = 999;

/** Path of a compiled program. A build with --programs has it beside the library. */
export function programPath(name) {
  const file = process.platform === "win32" ? `${name}.exe` : name;
  const { output } = buildFolders(defaultSwitches);
  const isBeside = readBuildRecord(output)?.switches.programs && existsSync(join(output, file));
  return isBeside ? join(output, file) : join(buildFolder(), "bin", file);
}

/**
 * Compiles one of llama.cpp's programs for the CPU, if it is missing.
 *
 * @param {string} name such as "llama-bench"
 */
export async function buildProgram(name) {
  if (existsSync(programPath(name))) return;
  const source = await fetchLlama();
  const folder = buildFolder();
  const { args, env } = compilerCache(folder);
  const flags = Object.entries({ ...SPEED_FLAGS, ...PROGRAM_FLAGS });
  const generator = findProgram("ninja") ? ["-G", "Ninja"] : [];
  say(`Configuring ${name}`);
  await run(
    ["cmake", "-S", source, "-B", folder, ...generator, ...args].concat(
      flags.map(([key, value]) => `-D${key}=${value}`),
    ),
    { env },
  );
  const jobs = process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? String(availableParallelism());
  const progress = new BuildProgress(`Compiling ${name}`);
  await run(["cmake", "--build", folder, "--config", "Release", "--target", name, "-j", jobs], {
    env: { ...env, NINJA_STATUS: "[%f/%t] " },
    onLine: (line) => progress.take(line),
  }).finally(() => progress.stop());
  note(`done in ${progress.seconds} s`);
}

// `node bench/llama-tools.mjs llama-server`
await runWhenMain(import.meta, async (names) => {
  for (const name of names) await buildProgram(name);
});
