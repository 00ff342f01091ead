import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { openBuildPackages } from "./build-packages.mjs";
import { Failure } from "./project.mjs";
import { note } from "./terminal.mjs";

/** A process that has not renewed its lock for this long has died. */
const staleMs = 10_000;
const retryMs = 200;

/**
 * Runs `work` while no other process runs work on the same folder. Two terminals that both start a build must
 * not write the same objects.
 * @template T
 * @param {string} folder what the lock protects; it need not exist
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 * @throws {Failure} when another process took the lock away, for instance because this one was suspended
 */
export async function withLock(folder, work) {
  const lockfile = (await openBuildPackages())("proper-lockfile");
  mkdirSync(dirname(folder), { recursive: true });
  let lose;
  const lost = new Promise((_, reject) => {
    lose = () =>
      reject(new Failure(`Another process took the lock on ${folder}.`, "Run this again."));
  });
  lost.catch(() => {});
  const options = { realpath: false, lockfilePath: `${folder}.locked`, stale: staleMs };
  const take = (retries) => lockfile.lock(folder, { ...options, retries, onCompromised: lose });
  const release = await take(0).catch((error) => {
    if (error.code !== "ELOCKED") throw error;
    note("waiting for another process, which is building here");
    return take({ forever: true, factor: 1, minTimeout: retryMs, maxTimeout: retryMs });
  });
  try {
    return await Promise.race([work(), lost]);
  } finally {
    await release().catch(() => {});
  }
}
