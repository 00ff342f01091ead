import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder of package.json: the root of the repository, or the installed package. */
export const root = dirname(import.meta.dirname);

/**
 * The pinned llama.cpp: its commit, and the registry package with its source.
 * @returns {{version: string, tag: string, commit: string, package: string, integrity: string, bundle: string}}
 */
export function readPin(file = join(root, "native/llama.cpp.json")) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** An error that the user can correct. It is printed with advice and without a stack trace. */
export class Failure extends Error {
  /**
   * Output of the failed program. Undefined if no program failed.
   * @type {string | undefined}
   */
  output;
  /** @type {number | undefined} */
  exitCode;

  /**
   * @param {string} message
   * @param {string} [advice] what the user can do
   */
  constructor(message, advice) {
    super(message);
    this.name = "Failure";
    this.advice = advice;
  }
}

/** Runs `main` if the module is the program itself, and not if another module imports it. */
export async function runWhenMain(module, main) {
  const program = process.argv[1];
  if (!program || realpathSync(program) !== module.filename) return;
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(`\n${error.message}`);
    if (error.advice) console.error(`\n${error.advice}`);
    process.exitCode = 1;
  }
}

/** Time of the last write to a file, in milliseconds. 0 if it does not exist. */
export function writtenAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** Time of the last write to any file below a folder. Skips folders that are named in `except`. */
export function newestIn(folder, except = []) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (except.includes(entry.name)) continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestIn(path, except) : writtenAt(path));
  }
  return newest;
}
