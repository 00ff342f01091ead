import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** The addon, the libraries that it loads from its own folder, and the record of their build. */
const isBinary = (name) => /\.(node|so|dylib|dll)$/.test(name) || name === "build.json";

/**
 * Fills a folder with another one's binaries.
 * @param {string} from
 * @param {string} to emptied first
 * @param {(name: string) => string} rename
 * @returns {string[]} where they are now
 */
export function copyBinaries(from, to, rename = (name) => name) {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  return readdirSync(from)
    .filter(isBinary)
    .map((name) => {
      const target = join(to, rename(name));
      copyFileSync(join(from, name), target);
      return target;
    });
}
