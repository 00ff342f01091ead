// Installs other versions of Node.js from npm, to run the tests on. One build of the addon serves them all,
// because it uses Node-API.
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { npmDownload } from "./npm.mjs";
import { Failure, root } from "./project.mjs";
import { say } from "./terminal.mjs";

/** The major versions of CI: the oldest that package.json allows, and the newest. */
const oldestMajor = 20;
const newestMajor = 26;

/**
 * The program of a major version of Node.js. Installs it below .cache/ if it is missing.
 * @param {string} version a major version, "oldest" or "newest"
 * @returns {Promise<string>} path of the program
 */
export async function nodeProgram(version) {
  const names = { oldest: String(oldestMajor), newest: String(newestMajor) };
  const major = names[version] ?? version;
  if (major === process.versions.node.split(".")[0]) return process.execPath;
  if (!/^\d{2}$/.test(major)) {
    throw new Failure(
      `--node must be a major version, "oldest" or "newest" (got ${version}).`,
      `For instance --node=${newestMajor}.`,
    );
  }
  const folder = join(root, ".cache/node", major);
  const program = join(folder, "node_modules", platformPackage, programInPackage);
  await withLock(folder, () => install(major, folder, program));
  return program;
}

// The package `node` installs this package in an install script. Installing it directly needs no script.
const system = process.platform === "win32" ? "win" : process.platform;
const platformPackage = `node-${system}-${process.arch}`;
const programInPackage = process.platform === "win32" ? "bin/node.exe" : "bin/node";

async function install(major, folder, program) {
  if (existsSync(program)) return;
  say(`Installing Node.js ${major}`);
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  const wanted = `${platformPackage}@${major}`;
  const options = ["--prefix", partial, "--no-save", "--no-audit", "--no-fund"];
  await npmDownload(["install", ...options, wanted], {
    cwd: partial,
    failure: `Node.js ${major} cannot be downloaded`,
  });
  await rm(folder, { recursive: true, force: true });
  await rename(partial, folder);
}
