import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, open, stat } from "node:fs/promises";
import { CodeLlamaError } from "../errors.ts";
import { isError } from "./brands.ts";

/**
 * Opens a regular file, calls `use` with it and closes it. Rejects a FIFO or a device instead of
 * waiting for it.
 * @param where - name of the call, for messages
 * @throws CodeLlamaError `INVALID_ARGUMENT` if the path is not a regular file or cannot be read
 */
export async function withRegularFile<Value>(
  path: string,
  where: string,
  use: (file: FileHandle, stats: BigIntStats) => Promise<Value>,
): Promise<Value> {
  const unreadable = (cause: Error): never => {
    throw unreadableFile(where, path, cause.message, cause);
  };
  const requireFile = (stats: BigIntStats) => {
    if (!stats.isFile()) throw unreadableFile(where, path, `it is ${kindOf(stats)}`);
  };
  // Check before opening: opening a device can have side effects.
  requireFile(await stat(path, { bigint: true }).catch(unreadable));
  // Without O_NONBLOCK, a FIFO that has replaced the file since would block open() until a writer comes.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(unreadable);
  try {
    const stats = await file.stat({ bigint: true });
    requireFile(stats);
    return await use(file, stats);
  } catch (error) {
    // Reading can fail after opening: on a damaged disk, or for some files in /proc and /sys.
    if (isSystemError(error)) return unreadable(error);
    throw error;
  } finally {
    await file.close();
  }
}

/** Kind of a file that is not regular, for messages. */
export function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return "a folder";
  if (stats.isFIFO()) return "a FIFO";
  if (stats.isSocket()) return "a socket";
  return "a device";
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return isError(error) && typeof (error as NodeJS.ErrnoException).syscall === "string";
}

function unreadableFile(where: string, path: string, reason: string, cause?: Error) {
  const message = `${where}: ${path} cannot be read: ${reason}`;
  return new CodeLlamaError("INVALID_ARGUMENT", message, { cause });
}
