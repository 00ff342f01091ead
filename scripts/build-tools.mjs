import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { findProgram } from "./command.mjs";
import { Failure, root } from "./project.mjs";

/** @throws {Failure} if a tool of the build is missing, with the command that installs it */
export function checkTools() {
  const missing = [];
  if (!findProgram("cmake")) missing.push("CMake");
  // To patch llama.cpp's source.
  if (!findProgram("git") && !findProgram("patch")) missing.push("git");
  if (process.platform !== "win32") {
    const compilers = [process.env.CXX, "g++", "clang++"];
    if (!compilers.some((name) => name && findProgram(name))) missing.push("a C++20 compiler");
    if (!findProgram("ninja") && !findProgram("make")) missing.push("ninja or make");
  }
  if (missing.length === 0) return;
  const list = new Intl.ListFormat("en").format(missing);
  throw new Failure(`The build needs ${list} on PATH.`, toolAdvice());
}

export function toolAdvice() {
  if (process.platform === "darwin")
    return "Run: xcode-select --install && brew install cmake ninja";
  if (process.platform === "win32") {
    return "Install Visual Studio's Build Tools with its C++ workload, which brings CMake too.";
  }
  return "On Debian or Ubuntu: sudo apt-get install cmake ninja-build g++ git";
}

/** The CPU of a native build. Another CPU may lack instructions that the build uses. */
export function cpuIdentity() {
  const model = cpus()[0]?.model ?? "unknown";
  if (process.platform !== "linux") return model;
  const features = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1];
  const digest = createHash("sha256").update(features ?? "");
  return `${model} (features ${digest.digest("hex").slice(0, 8)})`;
}

/**
 * CMake arguments and variables that use ccache, if it is installed.
 * @param {string} work the folder that CMake works in
 * @returns {{args: string[], env: NodeJS.ProcessEnv}}
 */
export function compilerCache(work) {
  const ccache = findProgram("ccache");
  if (!ccache) return { args: [], env: process.env };
  // ccache hashes -march=native the same on every CPU, so the name of the CPU is hashed too.
  const cpu = join(work, "cpu.txt");
  writeFileSync(cpu, cpuIdentity());
  return {
    args: ["C", "CXX", "CUDA"].map((language) => `-DCMAKE_${language}_COMPILER_LAUNCHER=${ccache}`),
    env: {
      CCACHE_BASEDIR: root,
      CCACHE_NOHASHDIR: "1",
      CCACHE_SLOPPINESS: "time_macros,include_file_mtime,include_file_ctime",
      CCACHE_EXTRAFILES: cpu,
      ...process.env,
    },
  };
}
