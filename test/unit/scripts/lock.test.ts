import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const scratch = temporaryFolder();
const lockScript = new URL("../../../scripts/lock.mjs", import.meta.url).href;

// Takes the lock several times. Writes a line into a log when its work starts and when it ends.
const worker = `
  import { appendFileSync } from "node:fs";
  import { setTimeout as sleep } from "node:timers/promises";
  import { withLock } from ${JSON.stringify(lockScript)};
  const [folder, log] = process.argv.slice(2);
  for (let turn = 0; turn < 3; turn++) {
    await withLock(folder, async () => {
      appendFileSync(log, "start " + process.pid + "\\n");
      await sleep(30);
      appendFileSync(log, "end " + process.pid + "\\n");
    });
  }
`;

async function runWorkers(count: number, folder: string): Promise<string[]> {
  const script = `${folder}-worker.mjs`;
  const log = `${folder}-log`;
  writeFileSync(script, worker);
  const ends = Array.from({ length: count }, async () => {
    const child = spawn(process.execPath, [script, folder, log], { stdio: "ignore" });
    const [exitCode] = await once(child, "exit");
    expect(exitCode).toBe(0);
  });
  await Promise.all(ends);
  return readFileSync(log, "utf8").trim().split("\n");
}

function expectNoOverlap(lines: readonly string[]): void {
  for (let at = 0; at < lines.length; at += 2) {
    expect(lines[at + 1]).toBe(lines[at]?.replace("start", "end"));
  }
}

test("two processes never work on one folder at the same time", async () => {
  const lines = await runWorkers(2, join(scratch, "shared"));
  expect(lines).toHaveLength(12);
  expectNoOverlap(lines);
});

test("a lock whose owner has died is taken over", async () => {
  const folder = join(scratch, "abandoned");
  const lock = `${folder}.locked`;
  mkdirSync(lock);
  const minuteAgo = Date.now() / 1000 - 60;
  utimesSync(lock, minuteAgo, minuteAgo);
  expectNoOverlap(await runWorkers(1, folder));
});
