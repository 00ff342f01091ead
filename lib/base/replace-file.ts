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
  /** The call that writes, for messages. */
  readonly where: string;
  /** The file as it was read: whoever changed it since loses nothing. */
  readonly unchangedSince?: BigIntStats;
}

interface Target {
  /** Behind all links. */
  readonly path: string;
  /** Undefined where there is no file yet. */
  readonly stats: BigIntStats | undefined;
}

/**
 * Writes a file as a whole: whoever reads it meanwhile, and whoever reads it after a crash, finds
 * the old content or the new one. Links, mode, owner and other names of the file stay.
 * @param parts - the content; read twice where the file has other names or another owner
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
  // What is worth keeping when the file itself was overwritten only in part.
  let keepsTemporary = false;
  try {
    const isLikeOld = await writeTemporary(temporary, parts, target.stats);
    await requireUnchanged(target.path, unchangedSince ?? target.stats);
    if (!isLikeOld || !(await renamed(temporary, target.path))) {
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
 * Finds out before long work that its result can be written.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export async function requireReplaceable(path: string, where: string): Promise<void> {
  await findTarget(path, where);
}

async function findTarget(path: string, where: string): Promise<Target> {
  try {
    const target = await behindLinks(path);
    const stats = await stat(target, { bigint: true }).catch(undefinedIfMissing);
    if (stats === undefined) {
      await access(dirname(target), constants.W_OK);
      return { path: target, stats };
    }
    if (!stats.isFile()) throw new Error(`it is ${kindOf(stats)}`);
    // An administrator may write everything, but was not asked to change what is read-only.
    if ((stats.mode & 0o222n) === 0n) throw new Error("it is read-only");
    await access(target, constants.W_OK);
    return { path: target, stats };
  } catch (error) {
    throw failure(where, path, undefined, error);
  }
}

/** The file that a path means, which need not exist: a link can point to where it is to be. */
async function behindLinks(path: string): Promise<string> {
  let target = resolve(path);
  for (let links = 0; links < longestChain; links++) {
    const real = await realpath(target).catch(undefinedIfMissing);
    if (real !== undefined) return real;
    const folder = await realpath(dirname(target));
    const next = await readlink(target).catch(() => undefined);
    if (next === undefined) return target;
    target = resolve(folder, next);
  }
  throw new Error("it is a link that leads nowhere");
}

// As many as Linux follows.
const longestChain = 40;

/** Writes the content, with the old file's mode and owner; false where the owner cannot be kept. */
async function writeTemporary(
  path: string,
  parts: readonly Uint8Array[],
  old: BigIntStats | undefined,
): Promise<boolean> {
  // Nobody else reads it before it has the old file's mode.
  const file = await open(path, "wx", old === undefined ? 0o666 : 0o600);
  try {
    const isLikeOld = old === undefined || (await takeAfter(file, old));
    await writeAll(file, parts);
    return isLikeOld;
  } finally {
    await file.close();
  }
}

async function takeAfter(file: FileHandle, old: BigIntStats): Promise<boolean> {
  const { uid, gid } = await file.stat({ bigint: true });
  if (uid !== old.uid || gid !== old.gid) {
    const owned = await file.chown(Number(old.uid), Number(old.gid)).then(
      () => true,
      () => false,
    );
    if (!owned) return false;
  }
  await file.chmod(Number(old.mode & 0o7777n));
  // Its other names would keep the old content.
  return old.nlink === 1n;
}

async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts) await file.writeFile(part);
  await file.sync();
}

/** False where a file cannot be replaced: it is mounted by itself. */
async function renamed(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EBUSY" || code === "EXDEV") return false;
    throw error;
  }
}

/** The temporary file holds the content until this one does. */
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
  if (!isSame) throw new Error("somebody else has changed it meanwhile");
}

/** Some systems cannot, and then the rename is only as durable as they make it. */
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
    temporary === undefined ? "it is as it was" : `its new content is whole in ${temporary}`;
  return new CodeLlamaError(
    "INVALID_ARGUMENT",
    `${where}: ${path} cannot be written: ${(cause as Error).message}; ${kept}`,
    { cause },
  );
}
