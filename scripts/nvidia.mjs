import { execFileSync } from "node:child_process";

/**
 * The NVIDIA GPUs that the driver shows.
 * @returns {{name: string, memoryBytes: number, driver: string, architecture: string}[]} none where
 *   there is no driver; `architecture` is CMake's word for it, such as "90"
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
