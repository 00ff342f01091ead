import { downloadFailed } from "./failure.ts";
import type { Gap, PartialFile } from "./partial-file.ts";
import type { RangeAnswer } from "./range.ts";

export interface CopyOptions {
  readonly host: string;
  /** Bytes that may wait for the disk. More pause the connection. */
  readonly longestBacklog: number;
  /** Called with the number of useful bytes that arrived. */
  onBytes(bytes: number): void;
}

/**
 * Writes the body of an answer into a gap, and moves the gap's `start` behind each written byte. Ends at
 * the gap's `end`, which another connection may lower meanwhile. Everything that arrived is written, also
 * if the connection breaks.
 * @throws CodeLlamaError `DOWNLOAD_FAILED`; the error of the disk
 */
export function copyBody(
  { response, position: firstByte }: RangeAnswer,
  gap: Gap,
  file: PartialFile,
  { host, longestBacklog, onBytes }: CopyOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let position = firstByte;
    let received = gap.start;
    let backlog = 0;
    let written: Promise<void> = Promise.resolve();
    let isSettled = false;
    const settle = (error?: unknown) => {
      if (isSettled) return;
      isSettled = true;
      response.destroy();
      written.then(() => (error === undefined ? resolve() : reject(error)), reject);
    };
    const write = (bytes: Uint8Array, at: number) => {
      backlog += bytes.length;
      if (backlog > longestBacklog) response.pause();
      written = written.then(async () => {
        await file.write(bytes, at);
        gap.start = at + bytes.length;
        backlog -= bytes.length;
        if (backlog <= longestBacklog / 2) response.resume();
      });
      written.catch(settle);
    };
    response.on("data", (chunk: Buffer) => {
      if (isSettled) return;
      // A server that ignores ranges sends bytes that are already there.
      const from = Math.max(position, received);
      const to = Math.min(position + chunk.length, gap.end);
      if (from < to) {
        write(chunk.subarray(from - position, to - position), from);
        received = to;
        onBytes(to - from);
      }
      position += chunk.length;
      if (received >= gap.end) settle();
    });
    const onBreak = (cause?: Error) => {
      const retry = { afterMs: undefined };
      settle(
        downloadFailed(`${host} broke off the transfer at byte ${received}`, { cause, retry }),
      );
    };
    response.on("error", onBreak);
    response.on("close", () => onBreak());
    response.on("end", () => onBreak());
  });
}
