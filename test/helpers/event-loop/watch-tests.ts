// Setup file of the tests. A test in test/integration/ fails if one turn of the event loop holds the
// main thread for too long, in this process or in a server that it started, or if the process uses
// too much memory. With NODE_CODELLAMA_WATCHDOG=report it only prints, with =off it does nothing.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { allowHeavyWork } from "./heavy.ts";
import { LoopWatchdog, watchdogUnavailable } from "./watchdog.mjs";

/** Twice the memory of the largest tests. */
const maxResidentBytes = 1.5e9;

const mode = process.env.NODE_CODELLAMA_WATCHDOG ?? "fail";
const isIntegration = expect.getState().testPath?.includes("/test/integration/") ?? false;
// Instrumented code takes ten times as long.
const isInstrumented = process.env.NODE_CODELLAMA_PREBUILD !== undefined;

if (isIntegration && !isInstrumented && mode !== "off") {
  const reason = watchdogUnavailable();
  if (reason === undefined) watch();
  else console.warn(`The event-loop watchdog is off: ${reason}.`);
}

function watch(): void {
  const childReports = join(tmpdir(), `node-codellama-held-${process.pid}-${Date.now()}`);
  process.env.NODE_CODELLAMA_HELD_FILE = childReports;
  const watchdog = new LoopWatchdog();
  allowHeavyWork(watchdog);
  // Drops reports from before the test, such as from the import of its modules.
  beforeEach(async () => void (await watchdog.take()));
  afterEach(async ({ task }) => {
    const { reports, peakResidentBytes } = await watchdog.take();
    const problems = [...reports, ...takeLines(childReports)];
    if (peakResidentBytes > maxResidentBytes) {
      const mebibytes = Math.round(peakResidentBytes / 2 ** 20);
      problems.push(`the process used ${mebibytes} MiB of memory`);
    }
    if (problems.length === 0) return;
    const text = problems.join("\n");
    if (mode === "report") console.error(`[watchdog] ${task.name}: ${text}`);
    else throw new Error(text);
  });
}

/** Reads and removes the reports of the servers that this process started. */
function takeLines(path: string): string[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").trim().split("\n");
  rmSync(path);
  return lines.map((line) => `in a child process, ${JSON.parse(line)}`);
}
