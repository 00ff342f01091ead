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
  /** Options of Node.js, before the program. */
  readonly nodeOptions?: readonly string[];
}

/** Starts the command line as a user does, without a terminal. */
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

/** Alone on its core, and always the same text. */
export const quietly = ["--threads", "1", "--temperature", "0"];
