import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { Failure } from "./project.mjs";

/** Where a program lies on PATH, or undefined. */
export function findProgram(name) {
  const endings = process.platform === "win32" ? [".exe", ".cmd", ".bat"] : [""];
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const ending of endings) {
      const path = join(folder, name + ending);
      if (folder && existsSync(path)) return path;
    }
  }
  return undefined;
}

/**
 * Runs a program and gives what it printed. Rejects with a Failure that carries its exit code and
 * its last words.
 * @param {string[]} command program and arguments
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, inherit?: boolean, onLine?: (line: string) => void}} options
 * @returns {Promise<string>} standard output and standard error together
 */
export function run(command, { cwd, env, inherit = false, onLine } = {}) {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      env: env ?? process.env,
      stdio: inherit ? "inherit" : ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32" && program.endsWith(".cmd"),
    });
    let output = "";
    let rest = "";
    const take = (chunk) => {
      output += chunk;
      if (!onLine) return;
      const lines = (rest + chunk).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    };
    child.stdout?.setEncoding("utf8").on("data", take);
    child.stderr?.setEncoding("utf8").on("data", take);
    child.on("error", (error) => reject(new Failure(`${program} cannot be run: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve(output);
      const failure = new Failure(`${program} ended with ${signal ?? `exit code ${code}`}.`);
      failure.output = output;
      failure.exitCode = code ?? 1;
      reject(failure);
    });
  });
}

/** The command line that starts the user's npm, with the settings of the npm that started us. */
export function npmCommand() {
  const started = process.env.npm_execpath;
  if (started?.endsWith("npm-cli.js") && existsSync(started)) return [process.execPath, started];
  const beside = join(dirname(process.execPath), "node_modules/npm/bin/npm-cli.js");
  if (process.platform === "win32" && existsSync(beside)) return [process.execPath, beside];
  return ["npm"];
}
