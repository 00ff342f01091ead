import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./command.mjs";
import { Failure } from "./project.mjs";

/** Command line of the user's npm, with the settings of the npm that started this process. */
export function npmCommand() {
  const started = process.env.npm_execpath;
  if (started?.endsWith("npm-cli.js") && existsSync(started)) return [process.execPath, started];
  const beside = join(dirname(process.execPath), "node_modules/npm/bin/npm-cli.js");
  if (process.platform === "win32" && existsSync(beside)) return [process.execPath, beside];
  return ["npm"];
}

/**
 * Downloads from the user's npm registry.
 * @param {string[]} args npm's arguments
 * @param {object} options
 * @param {string} options.cwd
 * @param {string} options.failure start of the error message, such as "cmake-js cannot be downloaded"
 * @param {string} [options.advice] what else the user can do
 * @throws {Failure} with npm's own reason
 */
export async function npmDownload(args, { cwd, failure, advice }) {
  try {
    await run([...npmCommand(), ...args], { cwd });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const reason = /npm (?:error|ERR!) (?!code |syscall |errno )(.+)/.exec(error.output ?? "")?.[1];
    const check = "Check the network and `npm config get registry`, then run this again.";
    throw new Failure(
      `${failure}: ${reason ?? error.message}`,
      [check, advice].filter(Boolean).join("\n"),
    );
  }
}
