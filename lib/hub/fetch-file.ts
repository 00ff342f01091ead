import { mkdir, stat, statfs } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { dirname } from "node:path";
import { isError } from "../base/brands.ts";
import { CodeLlamaError } from "../errors.ts";
import { type Checksum, hashFile } from "./checksum.ts";
import { downloadFailed, sizeText } from "./failure.ts";
import { withLock } from "./file-lock.ts";
import { finishPartial, PartialFile, removePartial } from "./partial-file.ts";
import type { ProgressCounter } from "./progress.ts";
import { ContentChanged } from "./range.ts";
import type { HubContext } from "./repository.ts";
import { type Parallelism, Transfer, usualParallelism } from "./transfer.ts";

/** A remote file and its place in a cache. */
export interface WantedFile {
  /** Name for messages. */
  readonly name: string;
  readonly url: URL;
  readonly bytes: number;
  readonly checksum: Checksum | undefined;
  /** Identifies the content: the hash or an ETag. */
  readonly tag: string;
  /** Path of the complete file. Exists only when the hash is right. */
  readonly target: string;
  readonly lock: string;
  /** The error for a status that is not a success. */
  refusal(status: number, headers: IncomingHttpHeaders): Error;
}

/**
 * Fetches a file unless it is there, and checks its hash. Continues an earlier attempt. A failure or an
 * abort keeps what has arrived.
 * @throws CodeLlamaError `DOWNLOAD_FAILED`; the signal's reason
 */
export async function fetchFile(
  file: WantedFile,
  context: HubContext,
  progress: ProgressCounter,
  parallelism: Parallelism = usualParallelism,
): Promise<void> {
  if (await isComplete(file)) {
    progress.finish(file.bytes);
    return;
  }
  await guardDisk(file, context, async () => {
    await mkdir(dirname(file.target), { recursive: true });
    const options = { signal: context.signal, onWait: () => progress.begin("wait", 0) };
    await withLock(file.lock, options, async (signal) => {
      // Another process may have fetched it meanwhile.
      if (!(await isComplete(file))) {
        await fetchLocked(file, { ...context, signal }, progress, parallelism);
      }
    });
    progress.finish(file.bytes);
  });
}

async function isComplete({ target, bytes }: WantedFile): Promise<boolean> {
  const found = await stat(target).catch(() => undefined);
  return found?.isFile() === true && found.size === bytes;
}

/** Suffix of a file that is being downloaded, different from that of Python's hub. */
export const partialSuffix = ".node-codellama-partial";

async function fetchLocked(
  file: WantedFile,
  context: HubContext,
  progress: ProgressCounter,
  parallelism: Parallelism,
): Promise<void> {
  const path = file.target + partialSuffix;
  for (let attempt = 1; ; attempt++) {
    try {
      await download(file, path, context, progress, parallelism);
      break;
    } catch (error) {
      if (!(error instanceof ContentChanged)) throw error;
      // Parts of two states of a file would make a damaged file.
      await removePartial(path);
      if (attempt > 1) throw changed(file, context.where);
    }
  }
  await verify(file, path, context, progress);
  await finishPartial(path, file.target);
}

async function download(
  file: WantedFile,
  path: string,
  { settings, token, signal, where }: HubContext,
  progress: ProgressCounter,
  parallelism: Parallelism,
): Promise<void> {
  const { url, bytes, checksum } = file;
  const partial = await PartialFile.open(path, { bytes, tag: file.tag });
  try {
    await requireSpace(file, partial.missingBytes, where);
    progress.begin("download", bytes - partial.missingBytes);
    const sha256 = checksum?.algorithm === "sha256" ? checksum.hex : undefined;
    const { idleMs, firstPauseMs } = settings;
    const remote = { url, token, bytes, sha256, idleMs, refusal: file.refusal };
    const options = { signal, firstPauseMs, parallelism, onBytes: progress.add };
    await new Transfer(remote, partial, options).run();
    await partial.sync();
  } finally {
    await partial.close();
  }
}

async function verify(
  { name, bytes, checksum }: WantedFile,
  path: string,
  { signal, where }: HubContext,
  progress: ProgressCounter,
): Promise<void> {
  if (checksum === undefined) return;
  progress.begin("verify", 0);
  const actual = await hashFile(path, checksum.algorithm, progress.add, signal);
  if (actual === checksum.hex) return;
  await removePartial(path);
  const hash = checksum.algorithm === "sha256" ? "sha256" : "git hash";
  throw downloadFailed(
    `${where}: ${name} (${sizeText(bytes)}) arrived damaged: its ${hash} is ${actual}, but the hub ` +
      `tells ${checksum.hex}; the file was removed, so try again`,
  );
}

async function requireSpace(file: WantedFile, missing: number, where: string): Promise<void> {
  const { bavail, bsize } = await statfs(dirname(file.target));
  const free = bavail * bsize;
  if (free < missing) throw noSpace(file, where, `only ${sizeText(free)} are free`, missing);
}

function noSpace({ name, target, bytes }: WantedFile, where: string, fact: string, needed = bytes) {
  return downloadFailed(
    `${where}: ${name} needs ${sizeText(needed)} in ${dirname(target)}, but ${fact}; free some space, ` +
      `or set HF_HUB_CACHE to a folder on another disk`,
  );
}

function changed({ name }: WantedFile, where: string): CodeLlamaError {
  return downloadFailed(
    `${where}: ${name} at the hub is not the file that the hub lists, or it changes while it is ` +
      `downloaded; try again later`,
  );
}

/** Turns errors of the file system into an error that names the file and says what to do. */
async function guardDisk(
  file: WantedFile,
  { where }: HubContext,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (cause) {
    const isSystemError =
      isError(cause) && !CodeLlamaError.isInstance(cause) && "syscall" in cause && "code" in cause;
    if (!isSystemError) throw cause;
    if (cause.code === "ENOSPC" || cause.code === "EDQUOT") {
      throw noSpace(file, where, "the disk is full");
    }
    throw downloadFailed(`${where}: ${file.name} cannot be written: ${cause.message}`, { cause });
  }
}
