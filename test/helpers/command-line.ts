import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";

export const main = new URL("../../dist/cli/main.js", import.meta.url).pathname;

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: string | null;
}

export interface StartOptions {
  readonly cwd?: string;
  readonly input?: string | Uint8Array;
  /** Command-line options of Node.js itself. */
  readonly nodeOptions?: readonly string[];
}

/** Starts the command line like a user, but without a terminal. */
export function startCommand(args: readonly string[], options: StartOptions = {}) {
  const child = spawn(process.execPath, [...(options.nodeOptions ?? []), main, ...args], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: "1" },
  });
  child.stdin.end(options.input ?? "");
  const outcome: Promise<Outcome> = Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]).then(([stdout, stderr, [code, signal]]) => ({ stdout, stderr, code, signal }));
  return { child, outcome };
}

export function runCommand(args: readonly string[], options?: StartOptions): Promise<Outcome> {
  return startCommand(args, options).outcome;
}

/** Options that always give the same text, on one core. */
export const reproducible = ["--threads", "1", "--temperature", "0"];
