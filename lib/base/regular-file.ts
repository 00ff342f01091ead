import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { CodeLlamaError } from "../errors.ts";
import { isError } from "./brands.ts";

/**
 * Opens a file that is a sequence of bytes with an end, and passes it on with its facts. A FIFO or a
 * device is refused and not waited for.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export async function withRegularFile<Value>(
  path: string,
  where: string,
  use: (file: FileHandle, stats: BigIntStats) => Promise<Value>,
): Promise<Value> {
  const unreadable = (cause: Error): never => {
    throw refusal(where, path, cause.message, cause);
  };
  const requireFile = (stats: BigIntStats) => {
    if (!stats.isFile()) throw refusal(where, path, `it is ${kindOf(stats)}`);
  };
  // Opening a device can do something to it.
  requireFile(await stat(path, { bigint: true }).catch(unreadable));
  // Opening a FIFO that took its place since would wait for somebody who writes into it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(unreadable);
  try {
    const stats = await file.stat({ bigint: true });
    requireFile(stats);
    return await use(file, stats);
  } catch (error) {
    // A file that opens can still refuse to be read: a damaged disk, a file of the kernel's.
    if (isSystemError(error)) return unreadable(error);
    throw error;
  } finally {
    await file.close();
  }
}

/** What is no regular file, for a message. */
export function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return isError(error) && typeof (error as NodeJS.ErrnoException).syscall === "string";
}

function refusal(where: string, path: string, why: string, cause?: Error): CodeLlamaError {
  const message = `${where}: ${path} cannot be read: ${why}`;
  return new CodeLlamaError("INVALID_ARGUMENT", message, { cause });
}
