import { hostname as readHostname } from "node:os";
import type { Writable } from "node:stream";
import colors from "picocolors";
import type { Logger } from "../server/index.ts";

const { pid } = process;
const hostname = readHostname();

// Lines are dropped when more bytes than this wait for the reader.
const longestBacklog = 2 ** 20;

/**
 * Log output that never blocks or ends the process. It drops lines when the reader is slow or gone
 * and when the disk is full.
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

/** Logger that writes one line of JSON per record, with the field names of pino. */
export function jsonLogger(sink: LogSink): Logger {
  const write = (level: number) => (fields: object, message: string) => {
    const record = { level, time: Date.now(), pid, hostname, ...fields, msg: message };
    sink.write(`${JSON.stringify(record, (_, value) => plainError(value))}\n`);
  };
  return { info: write(30), warn: write(40), error: write(50) };
}

/** An error as plain data: JSON.stringify sees no message and no stack. */
function plainError(value: unknown): unknown {
  if (!(value instanceof Error)) return value;
  const errors = [value, ...causesOf(value)];
  return {
    ...value,
    type: value.constructor.name,
    message: errors.map(({ message }) => message).join(": "),
    stack: errors.map(({ stack }) => stack).join("\ncaused by: "),
    // The message and the stack include the causes.
    cause: undefined,
  };
}

/** The chain of causes. A cause can point back to an earlier error. */
function causesOf(error: Error): Error[] {
  const seen = new Set<unknown>([error]);
  const causes: Error[] = [];
  for (let { cause } = error; cause instanceof Error && !seen.has(cause); cause = cause.cause) {
    seen.add(cause);
    causes.push(cause);
  }
  return causes;
}

/** Logger that writes one line of text per record, for people. */
export function textLogger(sink: LogSink): Logger {
  const write = (color: (text: string) => string) => (fields: object, message: string) => {
    const line = Object.entries(fields)
      .filter(([name, value]) => name !== "requestId" && name !== "err" && value !== undefined)
      .map(([name, value]) => `${name}=${typeof value === "number" ? Math.round(value) : value}`);
    sink.write(`${color(message)} ${line.join(" ")}\n`);
  };
  return { info: write(colors.green), warn: write(colors.yellow), error: write(colors.red) };
}
