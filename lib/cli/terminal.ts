import { SingleBar } from "cli-progress";
import colors from "picocolors";
import { CodeLlamaError } from "../errors.ts";
import type { GenerationResult } from "../result.ts";

/** What people read goes to stderr; stdout is for the result alone. */
export function note(message: string): void {
  process.stderr.write(`${colors.dim(message)}\n`);
}

let resultIsOutput = true;

/**
 * Ends the process when its result can be written no more: quietly where the reader has left, as
 * `| head` does. What is written for people may get lost.
 */
export function endWithoutReader(): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (!resultIsOutput) return;
    if (error.code !== "EPIPE") reportFailure(`standard output: ${error.message}`);
    process.exit();
  });
}

/** For commands that work on without a reader: what they write is no result. */
export function outliveReader(): void {
  resultIsOutput = false;
}

/** Ends the process once its output is written, or `milliseconds` later where nobody reads it. */
export async function exitAfterOutput(milliseconds: number): Promise<void> {
  const written = [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((resolve) => stream.write("", () => resolve())),
  );
  setTimeout(() => process.exit(), milliseconds);
  await Promise.all(written);
  process.exit();
}

/** Tells what failed, and sets the exit code. */
export function reportFailure(error: unknown): void {
  const expected = CodeLlamaError.isInstance(error);
  const message = expected ? `${error.message} (${error.code})` : String(error);
  process.stderr.write(`${colors.red("error:")} ${message}\n`);
  if (!expected && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
}

/** A bar on a terminal for work that takes a while; nothing elsewhere. */
export function progressBar(title: string): {
  /** `detail` says what is under way. */
  update(fraction: number, detail?: string): void;
  stop(): void;
} {
  if (!process.stderr.isTTY) return { update: () => {}, stop: () => {} };
  const began = performance.now();
  const bar = new SingleBar({
    format: `${title} [{bar}] {percentage} % {detail}`,
    barCompleteChar: "=",
    barIncompleteChar: " ",
    clearOnComplete: true,
    stream: process.stderr,
  });
  return {
    update(fraction, detail = "") {
      if (bar.isActive) bar.update(fraction, { detail });
      else if (performance.now() - began > 300) bar.start(1, fraction, { detail });
    },
    stop: () => bar.stop(),
  };
}

/** One line about a generation that has ended. */
export function summary({ usage, timings, finishReason }: GenerationResult): string {
  const speed = timings.decodeTokensPerSecond.toFixed(1);
  return `${usage.completionTokens} tokens, ${speed} a second; ended by ${finishReason}`;
}
