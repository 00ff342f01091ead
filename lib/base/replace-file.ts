import { randomUUID } from "node:crypto";
import { type BigIntStats, constants } from "node:fs";
import {
  access,
  type FileHandle,
  open,
  readlink,
  realpath,
  rename,
  rm,
  stat,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { CodeLlamaError } from "../errors.ts";
import { kindOf } from "./regular-file.ts";

export interface ReplaceOptions {
  /** Name of the call that writes, for messages. */
  readonly where: string;
  /** State of the file when it was read. The write fails if somebody has changed the file since. */
  readonly unchangedSince?: BigIntStats;
}

interface Target {
  /** Path with all symbolic links resolved. */
  readonly path: string;
  /** Undefined if the file does not exist yet. */
  readonly stats: BigIntStats | undefined;
}

/**
 * Replaces a file's content atomically: a concurrent reader, or a reader after a crash, sees either
 * the old content or the new content. The file keeps its symbolic and hard links, mode and owner.
 * @param parts - the content; read twice if the file has hard links or its owner cannot be kept
 * @throws CodeLlamaError `INVALID_ARGUMENT` for a path that is not a regular file, is read-only, has changed,
 *   or cannot be written
 */
export async function replaceFile(
  path: string,
  parts: readonly Uint8Array[],
  { where, unchangedSince }: ReplaceOptions,
): Promise<void> {
  const target = await findTarget(path, where);
  const temporary = join(dirname(target.path), `.node-codellama-${randomUUID()}.partial`);
  // The temporary file stays if overwriting fails halfway: it then has the only whole copy.
  let keepsTemporary = false;
  try {
    const canReplace = await writeTemporary(temporary, parts, target.stats);
    await requireUnchanged(target.path, unchangedSince ?? target.stats);
    if (!canReplace || !(await tryRename(temporary, target.path))) {
      keepsTemporary = true;
      await overwrite(target.path, parts);
      keepsTemporary = false;
    }
    await syncFolder(dirname(target.path));
  } catch (error) {
    throw failure(where, path, keepsTemporary ? temporary : undefined, error);
  } finally {
    if (!keepsTemporary) await rm(temporary, { force: true });
  }
}

/**
 * Checks that a path can be replaced, so that a long computation fails before it starts.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export async function requireReplaceable(path: string, where: string): Promise<void> {
  await findTarget(path, where);
}

async function findTarget(path: string, where: string): Promise<Target> {
  try {
    const target = await resolveLinks(path);
    const stats = await stat(target, { bigint: true }).catch(undefinedIfMissing);
    if (stats === undefined) {
      await access(dirname(target), constants.W_OK);
      return { path: target, stats };
    }
    if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}`);
    // Root can write a read-only file, but the mode says that nobody should.
    if ((stats.mode & 0o222n) === 0n) throw new Error("it is read-only");
    await access(target, constants.W_OK);
    return { path: target, stats };
  } catch (error) {
    throw failure(where, path, undefined, error);
  }
}

/** Resolves symbolic links. The file at the end need not exist. */
async function resolveLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let links = 0; links < maxLinks; links++) {
    const real = await realpath(target).catch(undefinedIfMissing);
    if (real !== undefined) return real;
    const folder = await realpath(dirname(target));
    const next = await readlink(target).catch(() => undefined);
    if (next === undefined) return target;
    target = resolve(folder, next);
  }
  throw new Error("it is a link that leads nowhere");
}

// Linux follows at most 40 links.
const maxLinks = 40;

/**
 * Writes the content to a new file with the old file's mode and owner.
 * @returns whether a rename of the new file to the old one loses no owner and no hard link
 */
async function writeTemporary(
  path: string,
  parts: readonly Uint8Array[],
  old: BigIntStats | undefined,
): Promise<boolean> {
  // 0600 keeps other users out until the file has the old file's mode.
  const file = await open(path, "wx", old === undefined ? 0o666 : 0o600);
  try {
    const canReplace = old === undefined || (await copyOwnerAndMode(old, file));
    await writeAll(file, parts);
    return canReplace;
  } finally {
    await file.close();
  }
}

async function copyOwnerAndMode(old: BigIntStats, file: FileHandle): Promise<boolean> {
  const { uid, gid } = await file.stat({ bigint: true });
  if (uid !== old.uid || gid !== old.gid) {
    const owned = await file.chown(Number(old.uid), Number(old.gid)).then(
      () => true,
      () => false,
    );
    if (!owned) return false;
  }
  await file.chmod(Number(old.mode & 0o7777n));
  // After a rename, other hard links would keep the old content.
  return old.nlink === 1n;
}

async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) await file.writeFile(part);
  await file.sync();
}

/** Returns false if the target is a mount point, which a rename cannot replace. */
async function tryRename(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EBUSY" || code === "EXDEV") return false;
    throw error;
  }
}

/** Not atomic: the caller keeps a temporary file with the content until this returns. */
async function overwrite(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const file = await open(path, "r+");
  try {
    await writeAll(file, parts);
    await file.truncate(parts.reduce((length, part) => length + part.byteLength, 0));
    await file.sync();
  } finally {
    await file.close();
  }
}

async function requireUnchanged(path: string, old: BigIntStats | undefined): Promise<void> {
  const now = await stat(path, { bigint: true }).catch(undefinedIfMissing);
  const isSame =
    now?.dev === old?.dev &&
    now?.ino === old?.ino &&
    now?.size === old?.size &&
    now?.mtimeNs === old?.mtimeNs;
  if (!isSame) throw new Error("somebody else has changed it since it was read");
}

/** Makes a rename durable. Ignores failures: some systems cannot sync a folder. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

function failure(
  where: string,
  path: string,
  temporary: string | undefined,
  cause: unknown,
): CodeLlamaError {
  if (CodeLlamaError.isInstance(cause)) return cause;
  const kept =
    temporary === undefined ? "it is unchanged" : `${temporary} has the complete new content`;
  return new CodeLlamaError(
    "INVALID_ARGUMENT",
    `${where}: ${path} cannot be written: ${(cause as Error).message}; ${kept}`,
    { cause },
  );
}
