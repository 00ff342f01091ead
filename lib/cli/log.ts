import type { Writable } from "node:stream";
import colors from "picocolors";
import type { Logger } from "../server/index.ts";

// Bytes that may wait for the reader of the log.
const longestBacklog = 2 ** 20;

/**
 * A log that never holds up or ends the process: lines are dropped while the reader is slow, the
 * disk is full or nobody reads any more.
 */
export class LogSink {
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
    stream.on("error", () => {});
  }

  write(line: string): void {
    if (this.#stream.writableLength < longestBacklog) this.#stream.write(line);
  }
}

/** JSON lines, for machines. */
export async function jsonLogger(sink: LogSink): Promise<Logger> {
  const { pino } = await import("pino");
  const logger: Logger = pino({}, sink);
  return logger;
}

/** A line of text for each request, for people. */
export function textLogger(sink: LogSink): Logger {
  const write = (color: (text: string) => string) => (fields: object, message: string) => {
    const line = Object.entries(fields)
      .filter(([name, value]) => name !== "requestId" && name !== "err" && value !== undefined)
      .map(([name, value]) => `${name}=${typeof value === "number" ? Math.round(value) : value}`);
    sink.write(`${color(message)} ${line.join(" ")}\n`);
  };
  return { info: write(colors.green), warn: write(colors.yellow), error: write(colors.red) };
}
