import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

/** The folder that holds package.json: the repository's root, or the installed package. */
export const root = dirname(import.meta.dirname);

/**
 * The pinned llama.cpp: which commit, and the registry package that carries its source.
 * @returns {{version: string, tag: string, commit: string, package: string, integrity: string, bundle: string}}
 */
export function readPin(file = join(root, "native/llama.cpp.json")) {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Something the user can mend: said without a stack trace, with what to do about it. */
export class Failure extends Error {
  /**
   * Output of the program that failed, if the failure is that of a program.
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

/** Runs `main` when the module is the program itself, not when another module imports it. */
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

/** When a file was last written, in milliseconds; 0 when there is none. */
export function writtenAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** When the newest file of a folder was written; folders named in `except` are not entered. */
export function newestIn(folder, except = []) {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (except.includes(entry.name)) continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestIn(path, except) : writtenAt(path));
  }
  return newest;
}
