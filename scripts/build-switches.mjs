import { join } from "node:path";
import { parseArgs } from "node:util";
import { cudaArchitectures } from "./nvidia.mjs";
import { Failure, root } from "./project.mjs";

/** Sanitizers that a build can use. */
export const sanitizers = ["address", "thread", "undefined"];

/** What `node scripts/build.mjs --help` prints. */
export const help = `Compiles llama.cpp and the addon into build/Release.

  --cuda [ARCHS]        NVIDIA GPUs of this machine, or e.g. --cuda 86,90
  --metal, --no-metal   Apple GPUs (default on Apple silicon)
  --vulkan              any GPU with a Vulkan driver
  --cpu-variants        one CPU library per CPU kind, for all machines
  --debug               no optimisation; in build-debug/build/Debug
  --sanitize=KIND       address (and undefined), thread or undefined
  --tests               also build engine_test, the tests of the engine
  --programs            also build llama.cpp's programs, for the bench
`;

/**
 * @typedef {object} Switches
 * @property {boolean | string} cuda a string is CMake's list of GPU architectures
 * @property {boolean} metal
 * @property {boolean} vulkan
 * @property {boolean} cpuVariants
 * @property {boolean} debug
 * @property {string} sanitize "" or one of `sanitizers`
 * @property {boolean} tests
 * @property {boolean} programs
 */

/**
 * The switches of a plain build: the CPU of this machine, and Metal on Apple silicon.
 * @type {Readonly<Switches>}
 */
export const defaultSwitches = Object.freeze({
  cuda: false,
  metal: process.platform === "darwin" && process.arch === "arm64",
  vulkan: false,
  cpuVariants: false,
  debug: false,
  sanitize: "",
  tests: false,
  programs: false,
});

/**
 * Reads the build's command line.
 * @param {string[]} args
 * @returns {Switches}
 */
export function readSwitches(args) {
  let values;
  try {
    ({ values } = parseArgs({
      args: args.flatMap((arg, at) => cudaValue(arg, args[at + 1], args[at - 1])),
      allowNegative: true,
      options: {
        cuda: { type: "string" },
        metal: { type: "boolean", default: defaultSwitches.metal },
        vulkan: { type: "boolean", default: false },
        "cpu-variants": { type: "boolean", default: false },
        debug: { type: "boolean", default: false },
        sanitize: { type: "string", default: "" },
        tests: { type: "boolean", default: false },
        programs: { type: "boolean", default: false },
      },
    }));
  } catch (error) {
    throw new Failure(error.message, help);
  }
  const { cuda, "cpu-variants": cpuVariants, ...others } = values;
  if (!["", ...sanitizers].includes(others.sanitize)) {
    throw new Failure(
      `--sanitize must be one of ${sanitizers.join(", ")} (got ${others.sanitize}).`,
      help,
    );
  }
  return { ...others, cpuVariants, cuda: cuda === undefined ? false : cuda || true };
}

/** The switches in NODE_CODELLAMA_BUILD, for builds that npm or node-gyp starts. */
export function switchesFromEnvironment() {
  return readSwitches((process.env.NODE_CODELLAMA_BUILD ?? "").split(/\s+/).filter(Boolean));
}

/**
 * parseArgs has no optional values, so `--cuda` alone becomes `--cuda=`, and `--cuda 86,90` becomes
 * `--cuda=86;90`.
 */
function cudaValue(arg, next = "", previous = "") {
  const isValue = (text) => /^\d[\da-z,;-]*$/.test(text);
  if (previous === "--cuda" && isValue(arg)) return [];
  const value = arg === "--cuda" && isValue(next) ? next : arg.match(/^--cuda=(.*)$/)?.[1];
  if (arg !== "--cuda" && value === undefined) return [arg];
  return [`--cuda=${(value ?? "").replaceAll(",", ";")}`];
}

/**
 * Folders of a build: CMake works in `work`, and the binaries land in `output`. Special builds have the shape
 * FOLDER/build/CONFIG, so NODE_CODELLAMA_PREBUILD=FOLDER loads them. node-gyp empties build/, so CMake's own
 * files are outside it.
 * @returns {{work: string, output: string}}
 */
export function buildFolders({ sanitize, cpuVariants, debug }) {
  const config = debug ? "Debug" : "Release";
  const kind = [sanitize, cpuVariants && "cpu-variants", debug && "debug"]
    .filter(Boolean)
    .join("-");
  return {
    work: join(root, ".cache/cmake", kind, config),
    output: join(root, kind && `build-${kind}`, "build", config),
  };
}

/** A build for other machines uses llama.cpp's list of GPU architectures, unless the user gives one. */
function cudaVariables({ cuda, cpuVariants }) {
  if (!cuda || (cuda === true && cpuVariants)) return {};
  const architectures = cuda === true ? cudaArchitectures() : cuda;
  return architectures === undefined ? {} : { CMAKE_CUDA_ARCHITECTURES: architectures };
}

/**
 * Links against older versions of glibc's functions. Older systems also lack functions of libstdc++, so it is
 * linked statically. Exceptions still cross from one library to another, because libstdc++ compares types by
 * name. Each library uses its own copies of inline C++ functions: Node.js exports copies too, which passed
 * objects to another libstdc++, and Node.js 26 aborted at exit.
 * @param {string | undefined} glibc folder that older-glibc.mjs made; undefined links as usual
 */
function linkerVariables(glibc) {
  if (glibc === undefined) return {};
  const hidden = "libstdc++.a:libcompatibility.a";
  const flags = `-L${glibc} -static-libstdc++ -Wl,-Bsymbolic -Wl,--exclude-libs,${hidden}`;
  return { CMAKE_SHARED_LINKER_FLAGS: flags, CMAKE_MODULE_LINKER_FLAGS: flags };
}

/**
 * The switches as CMake variables. Every variable has a value, so a switch that is left out is off again.
 * @param {Switches} switches
 * @param {{llama: string, output: string, glibc?: string}} folders
 */
export function cmakeVariables(switches, { llama, output, glibc }) {
  const flag = (value) => (value ? "ON" : "OFF");
  return {
    LLAMA_CPP_DIR: llama,
    NODE_CODELLAMA_OUTPUT: output,
    NODE_CODELLAMA_SANITIZE: switches.sanitize,
    NODE_CODELLAMA_TESTS: flag(switches.tests),
    NODE_CODELLAMA_PROGRAMS: flag(switches.programs),
    NODE_CODELLAMA_CPU_VARIANTS: flag(switches.cpuVariants),
    GGML_CUDA: flag(switches.cuda),
    GGML_METAL: flag(switches.metal),
    GGML_VULKAN: flag(switches.vulkan),
    ...cudaVariables(switches),
    ...linkerVariables(glibc),
    // All DLLs share one C run-time library. With cmake-js's static default, each has its own heap.
    CMAKE_MSVC_RUNTIME_LIBRARY: "MultiThreaded$<$<CONFIG:Debug>:Debug>DLL",
  };
}
