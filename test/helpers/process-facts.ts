import { readdirSync } from "node:fs";

/** Whether /proc exists, which `countThreads` reads. */
export const hasProcessFacts = process.platform === "linux";

/** Number of threads of this process. */
export function countThreads(): number {
  return readdirSync("/proc/self/task").length;
}
