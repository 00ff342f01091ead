import { SingleBar } from "cli-progress";
import colors from "picocolors";
import { CodeLlamaError } from "../errors.ts";
import type { GenerationResult } from "../result.ts";

/** Writes a message for people to stderr. Only the result goes to stdout. */
export function note(message: string): void {
  process.stderr.write(`${colors.dim(message)}\n`);
}

let resultIsOutput = true;

/**
 * Ends the process when stdout cannot be written. Prints no error if the reader has closed the pipe,
 * like `| head`. Messages on stderr may get lost.
 */
export function endWithoutReader(): void {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (!resultIsOutput) return;
    if (error.code !== "EPIPE") reportFailure(`standard output: ${error.message}`);
    process.exit();
  });
}

/** For commands whose stdout is not the result, such as a log: they continue without a reader. */
export function outliveReader(): void {
  resultIsOutput = false;
}

/** Ends the process once its output is written, or after `milliseconds` if nobody reads it. */
export async function exitAfterOutput(milliseconds: number): Promise<void> {
  const written = [process.stdout, process.stderr].map(
    (stream) => new Promise<void>((resolve) => stream.write("", () => resolve())),
  );
  setTimeout(() => process.exit(), milliseconds);
  await Promise.all(written);
  process.exit();
}

/** Prints the error and sets the exit code to 1. */
export function reportFailure(error: unknown): void {
  const expected = CodeLlamaError.isInstance(error);
  const message = expected ? `${error.message} (${error.code})` : String(error);
  process.stderr.write(`${colors.red("error:")} ${message}\n`);
  if (!expected && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
}

/** Number of bytes for people, such as `4.08 GB`. */
export function sizeText(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Creates a progress bar, which appears after 300 ms. Does nothing if stderr is not a terminal. */
export function progressBar(title: string): {
  /** `fraction` is from 0 to 1; `detail` names the current step. */
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

/** Describes a finished generation in one line. */
export function summary({ usage, timings, finishReason }: GenerationResult): string {
  const speed = timings.decodeTokensPerSecond.toFixed(1);
  return `${usage.completionTokens} tokens, ${speed} tokens/s, finish reason: ${finishReason}`;
}
