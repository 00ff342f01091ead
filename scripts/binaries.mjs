import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** The addon, the libraries that it loads from its own folder, and the record of their build. */
const isBinary = (name) => /\.(node|so|dylib|dll)$/.test(name) || name === "build.json";

/** Empties a folder of binaries and of nothing else: node-gyp keeps files of its own there. */
export function removeBinaries(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder).filter(isBinary)) rmSync(join(folder, name));
}

/**
 * Puts one folder's binaries in the place of another's.
 * @param {string} from
 * @param {string} to
 * @param {(name: string) => string} rename
 * @returns {string[]} where they are now
 */
export function copyBinaries(from, to, rename = (name) => name) {
  removeBinaries(to);
  return readdirSync(from)
    .filter(isBinary)
    .map((name) => {
      const target = join(to, rename(name));
      copyFileSync(join(from, name), target);
      return target;
    });
}
