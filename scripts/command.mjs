import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, join } from "node:path";
import { Failure } from "./project.mjs";

/** Path of a program on PATH. Undefined if it is not installed. */
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
 * Runs a program and returns its output. A failed program rejects with a Failure that has its exit code and its
 * output.
 * @param {string[]} command program and arguments
 * @param {object} options
 * @param {string} [options.cwd]
 * @param {NodeJS.ProcessEnv} [options.env]
 * @param {"stdout" | "stderr"} [options.show] the program owns the terminal, and its output goes to this stream
 * @param {(line: string) => void} [options.onLine]
 * @returns {Promise<string>} standard output and standard error together
 */
export function run(command, { cwd, env = process.env, show, onLine } = {}) {
  const [program, ...args] = command;
  return new Promise((resolve, reject) => {
    /** @type {import("node:child_process").StdioOptions} */
    const stdio = show ? ["inherit", process[show], process.stderr] : ["ignore", "pipe", "pipe"];
    const child = spawn(program, args, {
      cwd,
      env,
      stdio,
      shell: process.platform === "win32" && program.endsWith(".cmd"),
    });
    // On Ctrl-C, the program that owns the terminal ends first, and this process ends after it.
    if (show) process.on("SIGINT", waitForChild);
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
      process.off("SIGINT", waitForChild);
      if (code === 0) return resolve(output);
      const failure = new Failure(`${program} ended with ${signal ?? `exit code ${code}`}.`);
      failure.output = output;
      failure.exitCode = code ?? 128 + constants.signals[signal ?? "SIGKILL"];
      reject(failure);
    });
  });
}

function waitForChild() {}
