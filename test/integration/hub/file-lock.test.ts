import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withLock } from "../../../lib/hub/file-lock.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const folder = temporaryFolder();
const { signal } = new AbortController();
const lockOf = (name: string) => join(folder, name);
const write = (path: string, owner: object) =>
  writeFileSync(
    path,
    JSON.stringify({ id: "other", host: hostname(), pid: process.pid, ...owner }),
  );

test("one at a time works, and the lock is gone afterwards", async () => {
  const path = lockOf("one");
  let running = 0;
  let most = 0;
  const work = async () => {
    running++;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 20));
    running--;
  };
  let waits = 0;
  const options = { signal, onWait: () => waits++ };
  await Promise.all(Array.from({ length: 4 }, () => withLock(path, options, work)));
  expect({ most, waits }).toEqual({ most: 1, waits: 3 });
  expect(readdirSync(folder).filter((name) => name.startsWith("one"))).toEqual([]);
});

test("the lock of a dead process is taken over at once", async () => {
  const path = lockOf("dead");
  write(path, { pid: spawnSync("true").pid });
  let waits = 0;
  expect(await withLock(path, { signal, onWait: () => waits++ }, async () => 7)).toBe(7);
  expect(waits).toBe(0);
});

test("the lock of another machine is taken over when nobody renews it", async () => {
  const path = lockOf("far");
  write(path, { host: "elsewhere" });
  const longAgo = new Date(Date.now() - 60_000);
  utimesSync(path, longAgo, longAgo);
  expect(await withLock(path, { signal, onWait: () => {} }, async () => 7)).toBe(7);
});

test("waiting ends with the signal's reason and leaves the lock of the other", async () => {
  const path = lockOf("busy");
  write(path, {});
  const abort = new AbortController();
  const onWait = () => abort.abort(new Error("enough"));
  const waiting = withLock(path, { signal: abort.signal, onWait }, async () => 7);
  await expect(waiting).rejects.toThrow("enough");
  expect(existsSync(path)).toBe(true);
});

test("work that fails releases the lock", async () => {
  const path = lockOf("failing");
  const fail = () => Promise.reject(new Error("no"));
  await expect(withLock(path, { signal, onWait: () => {} }, fail)).rejects.toThrow("no");
  expect(existsSync(path)).toBe(false);
});
