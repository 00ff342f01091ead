import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { LoopWatchdog, watchdogUnavailable } from "../helpers/event-loop/watchdog.mjs";

const unavailable = watchdogUnavailable();

/** Processor time of this thread in milliseconds. */
function processorMs(): number {
  const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1");
  return Number(text.split(" ")[0]) / 1e6;
}

/** Far over the limit, so that a watching thread that comes late sees it too. */
const burnMs = 1000;

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

  test("reports nothing of many short turns", async () => {
    const reports = await watch(async () => {
      for (let spent = 0; spent < burnMs; spent += 20) {
        burn(20);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
    expect(reports).toEqual([]);
  });

  test("reports nothing of a thread that gets no processor time", async () => {
    const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));
    expect(await watch(() => Atomics.wait(nobodyWakes, 0, 0, burnMs))).toEqual([]);
  });

  test("reports nothing of work that is exempt, and what comes after it", async () => {
    const reports = await watch(async (watchdog) => {
      watchdog.beginExemption();
      burn(burnMs);
      watchdog.endExemption();
      await new Promise((resolve) => setTimeout(resolve, 50));
      burn(burnMs);
    });
    expect(reports).toHaveLength(1);
  });
});
