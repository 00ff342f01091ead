// The worker thread of test/helpers/event-loop/watchdog.mjs. It watches the main thread.
import { appendFileSync, readFileSync } from "node:fs";
import { Session } from "node:inspector";
import { availableParallelism, loadavg } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { BEATS, EXEMPT } from "./watchdog.mjs";

const { shared, limitMs, pid, reportFile } = workerData;
const sampleMs = 5;
const stackFrames = 12;
/** After this time a turn counts as endless: the worker prints its stack and kills the process. */
const endlessMs = 60_000;

/** Processor time of the main thread, in milliseconds. */
function processorMs() {
  return Number(readFileSync(`/proc/self/task/${pid}/schedstat`, "latin1").split(" ")[0]) / 1e6;
}

/** Processor time of `exercise()` on a fast core, such as a desktop's of 2024. */
const fastExerciseMs = 20;

/** Strings, maps and JSON: the work that the tests' long turns do. */
function exercise() {
  const entries = Array.from({ length: 20_000 }, (_, i) => [`name ${(i * 7919) % 20_011}`, i]);
  let sum = 0;
  for (const [name, value] of new Map(entries)) sum += name.length * value;
  return JSON.parse(JSON.stringify(entries)).length + sum;
}

/** How many times slower than a fast core this machine is, at least 1. */
function measureSlowness() {
  const ownMs = () =>
    Number(readFileSync("/proc/thread-self/schedstat", "latin1").split(" ")[0]) / 1e6;
  const before = ownMs();
  exercise();
  return Math.max(1, (ownMs() - before) / fastExerciseMs);
}

const slowness = measureSlowness();
const mostSlowness = 5;

/**
 * The limit at this moment. Processes that share cores and caches slow each other's instructions, so a
 * turn takes more processor time on a machine with more runnable threads than cores.
 */
function currentLimitMs() {
  const load = Math.max(1, loadavg()[0] / availableParallelism());
  return limitMs * Math.min(slowness * load, mostSlowness);
}

let reports = [];
let peakResidentBytes = 0;
let lastBeat = -1;
let processorAtBeat = 0;
/** The current turn if it is over the limit, otherwise undefined. */
let held;

function sample() {
  peakResidentBytes = Math.max(peakResidentBytes, process.memoryUsage.rss());
  const beat = Atomics.load(shared, BEATS);
  const now = processorMs();
  if (beat !== lastBeat || Atomics.load(shared, EXEMPT) > 0) {
    finish();
    lastBeat = beat;
    processorAtBeat = now;
    return;
  }
  const turnMs = now - processorAtBeat;
  if (turnMs <= currentLimitMs()) return;
  if (held === undefined) {
    held = { ms: turnMs, stack: [] };
    captureStack(held);
  }
  held.ms = turnMs;
  if (turnMs < endlessMs) return;
  console.error(describeTurn(held));
  finish();
  process.kill(pid, "SIGKILL");
}

function finish() {
  if (held === undefined) return;
  const report = describeTurn(held);
  held = undefined;
  reports.push(report);
  if (reportFile !== undefined) appendFileSync(reportFile, `${JSON.stringify(report)}\n`);
}

/** Pauses the main thread for a moment to read its stack. Does nothing if the turn is over by then. */
function captureStack(turn) {
  const session = new Session();
  const urls = new Map();
  session.on("Debugger.scriptParsed", ({ params }) => urls.set(params.scriptId, params.url));
  session.connectToMainThread();
  session.on("Debugger.paused", ({ params }) => {
    turn.stack = params.callFrames
      .slice(0, stackFrames)
      .map(
        ({ functionName, location }) =>
          `${functionName || "(anonymous)"} (${urls.get(location.scriptId)}:${location.lineNumber + 1})`,
      );
    session.post("Debugger.resume", () => session.disconnect());
  });
  session.post("Debugger.enable", () => session.post("Debugger.pause"));
}

function describeTurn({ ms, stack }) {
  const processor = `${Math.round(ms)} ms of processor time`;
  return [`one turn held the event loop for ${processor}`, ...stack].join("\n    at ");
}

setInterval(sample, sampleMs);
parentPort.on("message", ({ port }) => {
  sample();
  finish();
  port.postMessage({ reports, peakResidentBytes });
  reports = [];
  peakResidentBytes = 0;
});
