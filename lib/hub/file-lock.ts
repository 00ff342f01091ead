import { randomUUID } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { downloadFailed } from "./failure.ts";

export interface LockOptions {
  readonly signal: AbortSignal;
  /** Called once if another process has the lock. */
  onWait(): void;
}

/** Content of a lock file. */
interface Owner {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
}

const renewMs = 2000;
// A lock that nobody renews for this long is abandoned: its machine is gone, or its process is stopped.
const staleMs = 15_000;
const pollMs = 250;

/**
 * Runs `work` while this process alone has the lock, so that two processes fetch a file once. Installs no
 * handlers of signals: the lock of a dead process counts as abandoned.
 * @param path - of the lock file, which exists while the lock is held
 */
export async function withLock<Value>(
  path: string,
  { signal, onWait }: LockOptions,
  work: (signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  await mkdir(dirname(path), { recursive: true });
  const owner: Owner = { id: randomUUID(), host: hostname(), pid: process.pid };
  let hasWaited = false;
  while (!(await take(path, owner))) {
    signal.throwIfAborted();
    if (await removeAbandoned(path)) continue;
    if (!hasWaited) onWait();
    hasWaited = true;
    await sleep(pollMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
  const ended = new AbortController();
  const lost = new AbortController();
  const renewing = renew(path, owner, ended.signal, lost);
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    ended.abort();
    await renewing;
    if ((await readOwner(path))?.id === owner.id) await rm(path, { force: true });
  }
}

/** Creates the lock file. False if it exists. */
async function take(path: string, owner: Owner): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(JSON.stringify(owner)).finally(() => file.close());
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function renew(
  path: string,
  { id }: Owner,
  ended: AbortSignal,
  lost: AbortController,
): Promise<void> {
  for (;;) {
    await sleep(renewMs, undefined, { signal: ended }).catch(() => {});
    if (ended.aborted) return;
    if ((await readOwner(path))?.id !== id) {
      // This process was stopped for a while, for instance by a suspended machine.
      lost.abort(downloadFailed("another process took over the download; try again"));
      return;
    }
    const now = new Date();
    await utimes(path, now, now).catch(() => {});
  }
}

/** Removes a lock whose process is dead or silent. False if the lock is in use. */
async function removeAbandoned(path: string): Promise<boolean> {
  const owner = await readOwner(path);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return true;
  const isSilent = Date.now() - found.mtimeMs > staleMs;
  if (!isSilent && (owner === undefined || isAlive(owner))) return false;
  // Of several processes that see this, one succeeds to rename.
  const aside = `${path}.${randomUUID()}`;
  const isRenamed = await rename(path, aside).then(
    () => true,
    () => false,
  );
  if (!isRenamed) return true;
  // Another process may have replaced the lock meanwhile.
  if ((await readOwner(aside))?.id !== owner?.id) await rename(aside, path);
  else await rm(aside, { force: true });
  return true;
}

/** Whether the process runs, as far as this machine can tell. */
function isAlive({ host, pid }: Owner): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function readOwner(path: string): Promise<Owner | undefined> {
  try {
    const { id, host, pid } = JSON.parse(await readFile(path, "utf8"));
    const isRight = typeof id === "string" && typeof host === "string" && Number.isInteger(pid);
    return isRight && pid > 0 ? { id, host, pid } : undefined;
  } catch {
    return undefined;
  }
}
