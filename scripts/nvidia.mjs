import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { findProgram } from "./command.mjs";

/**
 * The NVIDIA GPUs that the driver reports.
 * @returns {{name: string, memoryBytes: number, driver: string, architecture: string}[]} empty
 *   without a driver; `architecture` is CMake's name, such as "90"
 */
export function findGpus() {
  const fields = "name,memory.total,driver_version,compute_cap";
  const args = [`--query-gpu=${fields}`, "--format=csv,noheader,nounits"];
  let table;
  try {
    table = execFileSync("nvidia-smi", args, {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return [];
  }
  return table
    .trim()
    .split("\n")
    .map((line) => line.split(", "))
    .filter((cells) => cells.length === fields.split(",").length)
    .map(([name, megabytes, driver, capability]) => ({
      name,
      memoryBytes: Number(megabytes) * 2 ** 20,
      driver,
      architecture: capability.replace(".", ""),
    }));
}

/**
 * The GPU architectures to compile for: those of this machine. Without a GPU it is llama.cpp's list for builds
 * that run anywhere, because llama.cpp's own default is the GPU of the machine.
 * @returns {string | undefined} CMake's list; undefined without a CUDA compiler
 */
export function cudaArchitectures(gpus = findGpus(), version = compilerVersion()) {
  if (gpus.length > 0) return [...new Set(gpus.map((gpu) => gpu.architecture))].join(";");
  if (version === undefined) return undefined;
  // The same list as in ggml/src/ggml-cuda/CMakeLists.txt.
  return [
    ...(version < 13 ? ["50-virtual", "61-virtual", "70-virtual"] : []),
    ...["75-virtual", "80-virtual", "86-real"],
    ...(version >= 11.8 ? ["89-real", "90-virtual"] : []),
    ...(version >= 12.8 ? ["120a-real"] : []),
    ...(version >= 12.9 ? ["121a-real"] : []),
  ].join(";");
}

/** Path of the CUDA compiler, even if it is not on PATH. Undefined if it is not installed. */
export function findCompiler() {
  const usual = "/usr/local/cuda/bin/nvcc";
  return findProgram("nvcc") ?? (existsSync(usual) ? usual : undefined);
}

function compilerVersion() {
  const compiler = findCompiler();
  if (compiler === undefined) return undefined;
  const text = execFileSync(compiler, ["--version"], { encoding: "utf8" });
  return Number(/release (\d+\.\d+)/.exec(text)?.[1] ?? Number.NaN);
}
