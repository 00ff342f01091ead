import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { LoopWatchdog, watchdogUnavailable } from "../../helpers/event-loop/watchdog.mjs";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

const unavailable = watchdogUnavailable();

/** Processor time of this thread in milliseconds. */
function processorMs(): number {
  const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1");
  return Number(text.split(" ")[0]) / 1e6;
}

/** Far over the limit, so that the watching thread notices the turn even if it runs late. */
const burnMs = 800;

function burn(milliseconds: number): void {
  const end = processorMs() + milliseconds;
  while (processorMs() < end);
}

describe.skipIf(unavailable)(`the event-loop watchdog (needs /proc/PID/schedstat)`, () => {
  async function watch(work: (watchdog: LoopWatchdog) => unknown) {
    const watchdog = new LoopWatchdog();
    await watchdog.take();
    await work(watchdog);
    return (await watchdog.take()).reports;
  }

  test("reports a turn that computes, with its stack", async () => {
    const reports = await watch(function holdsTheLoop() {
      burn(burnMs);
    });
    expect(reports).toHaveLength(1);
    expect(reports[0]).toMatch(/^one turn held the event loop for \d{2,4} ms of processor time/);
    expect(reports[0]).toContain("holdsTheLoop");
  });

  test("counts microtasks as one turn", async () => {
    const reports = await watch(async () => {
      for (let spent = 0; spent < burnMs; spent += 20) {
        burn(20);
        await null;
      }
    });
    expect(reports).toHaveLength(1);
  });

  test("does not report many short turns", async () => {
    const reports = await watch(async () => {
      for (let spent = 0; spent < burnMs; spent += 20) {
        burn(20);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    expect(reports).toEqual([]);
  });

  test("does not report a thread that waits without processor time", async () => {
    const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
    expect(await watch(() => Atomics.wait(nobodyWakes, 0, 0, burnMs))).toEqual([]);
  });

  test("does not report exempt work, but reports a long turn after it", async () => {
    const reports = await watch(async (watchdog) => {
      watchdog.beginExemption();
      burn(burnMs);
      watchdog.endExemption();
      await new Promise((resolve) => setTimeout(resolve, 50));
      burn(burnMs);
    });
    expect(reports).toHaveLength(1);
  });

  test("watches a child process from SIGUSR2 on, even if the child is killed later", async () => {
    const held = join(temporaryFolder(), "held");
    const watchChild = new URL("../../helpers/event-loop/watch-child.mjs", import.meta.url).href;
    const burns =
      "function burn(ms) { const end = performance.now() + ms; while (performance.now() < end); }" +
      "burn(500); console.log('loaded');" +
      "setTimeout(() => { burn(2000); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 500); }, 1000)";
    const child = spawn(process.execPath, ["--import", watchChild, "--eval", burns], {
      env: { ...process.env, NODE_CODELLAMA_HELD_FILE: held },
    });
    await once(child.stdout, "data");
    child.kill("SIGUSR2");
    await once(child, "close");
    const lines = readFileSync(held, "utf8").trim().split("\n");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("burn");
  });
});
