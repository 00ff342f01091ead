import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The folder outside the repository where the bench keeps random-weight models and compiled llama.cpp
 * programs.
 *
 * @param {...string} parts folders below it; missing ones are created
 * @returns {string} absolute path
 */
export function cacheDirectory(...parts) {
  const root = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const path = join(root, "node-codellama", "bench", ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}
