import { mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The folder for what the bench makes and keeps outside the repository: random-weight models and
 * compiled llama.cpp tools.
 *
 * @param {...string} parts folders below it; they are created
 * @returns {string} the absolute path
 */
export function cacheDirectory(...parts) {
  const root = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const path = join(root, "node-codellama", "bench", ...parts);
  mkdirSync(path, { recursive: true });
  return path;
}
