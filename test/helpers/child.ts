import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";

export interface ChildEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

// A child that hangs is killed by SIGKILL, and its test fails.
const maxLifetimeMs = 45_000;

/** Runs a script of test/fixtures/ in a separate Node.js process, with the built package. */
export async function runFixture(
  script: string,
  args: readonly string[] = [],
  nodeOptions: readonly string[] = [],
): Promise<ChildEnd> {
  const path = fileURLToPath(new URL(`../fixtures/${script}`, import.meta.url));
  const child = spawn(process.execPath, [...nodeOptions, path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: maxLifetimeMs,
    killSignal: "SIGKILL",
  });
  const [[exitCode, signal], stdout, stderr] = await Promise.all([
    once(child, "close"),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { exitCode, signal, stdout, stderr };
}
