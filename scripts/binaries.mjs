import { copyFileSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** The addon, the libraries beside it, and the record of their build. */
const isBinary = (name) => /\.(node|so|dylib|dll)$/.test(name) || name === "build.json";

/** Removes the binaries from a folder, and keeps all other files: node-gyp has files of its own there. */
export function removeBinaries(folder) {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder).filter(isBinary)) rmSync(join(folder, name));
}

/**
 * Replaces the binaries of one folder with those of another.
 * @param {string} from
 * @param {string} to
 * @param {(name: string) => string} rename
 * @returns {string[]} paths of the copies
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
