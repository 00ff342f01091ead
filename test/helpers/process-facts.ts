import { readdirSync } from "node:fs";

/** Whether the kernel tells these facts. */
export const hasProcessFacts = process.platform === "linux";

/** Threads of this process. */
export function countThreads(): number {
  return readdirSync("/proc/self/task").length;
}
