// Other versions of Node.js to run the tests on, from npm: the addon is Node-API, so that one build
// serves them all.
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLock } from "./lock.mjs";
import { npmDownload } from "./npm.mjs";
import { Failure, root } from "./project.mjs";
import { say } from "./terminal.mjs";

/** The major versions that CI runs the tests on: the oldest that package.json allows, the newest. */
const oldestMajor = 20;
const newestMajor = 26;

/**
 * The program of a major version of Node.js. It is installed below .cache/ first where it is not
 * there.
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

// The package `node` installs one of these in a script of its own. Without it, no script runs.
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
