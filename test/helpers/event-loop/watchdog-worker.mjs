// The thread that watches the main thread for test/helpers/event-loop/watchdog.mjs.
import { appendFileSync, readFileSync } from "node:fs";
import { Session } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";
import { BEATS, EXEMPT } from "./watchdog.mjs";

const { shared, limitMs, pid, reportFile } = workerData;
const sampleMs = 5;
const stackFrames = 12;
/** A turn that takes longer has no end: the process ends instead, with its stack. */
const endlessMs = 60_000;

/** Processor time of the main thread, in milliseconds. */
function processorMs() {
  return Number(readFileSync(`/proc/self/task/${pid}/schedstat`, "latin1").split(" ")[0]) / 1e6;
}

let reports = [];
let peakResidentBytes = 0;
let lastBeat = -1;
let processorAtBeat = 0;
/** The turn that is over the limit, if one is. */
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
  if (turnMs <= limitMs) return;
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

/** Stops the main thread for a moment, to see what it does. Without effect once the turn is over. */
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
