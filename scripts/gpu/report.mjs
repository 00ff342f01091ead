/**
 * Makes a report of what the library does on the GPU of this machine. run.sh starts it on a bare machine. Each
 * part is its own process with a time limit. It writes results while it measures, so an interrupted run loses
 * nothing.
 */
import { spawn } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { modelNames } from "../../bench/models.mjs";
import { Failure, root, runWhenMain } from "../project.mjs";
import { say } from "../terminal.mjs";
import { readResult, saveResult, stateFolder } from "./part.mjs";
import { reportData, reportPage } from "./report-page.mjs";

/** The parts in their order, with time limits in seconds. Parts in one object run at the same time. */
const PARTS = [
  { machine: 60 },
  { build: 600, models: 600 },
  { tests: 420 },
  { agreement: 120 },
  { decode: 420 },
  { streams: 420 },
  { typing: 240 },
  { transformers: 240 },
  { "split-layer": 240 },
  { "split-tensor": 240 },
];
const partNames = PARTS.flatMap(Object.keys);

const help = `Builds for the GPU of this machine, tests and measures on it, and writes a report.

  node scripts/gpu/report.mjs [PART...] [options]

  parts                 ${partNames.join(", ")} (default: all)
  --output FOLDER       folder of the report (default: $OUT, or build/gpu-report)
  --model NAME          ${modelNames.join(", ")} or a GGUF file; repeatable
                        (default: 7b, 13b and 34b)
  --repetitions N       repetitions of each measurement (default 3)
  --threads N           threads of each engine (default: all, 8 at most)
  --cuda ARCHS          GPU architectures (default: of this machine)
  --limit SECONDS       time limit of each part, if below its own
  --total SECONDS       time limit of the run; later parts do not start
  --test PATH           tests to run, such as test/golden; repeatable
  --fresh               delete the results of earlier runs
  --dry-run             try the report on the CPU

Results of earlier runs stay in the report until their part runs again.
`;

/**
 * @typedef {object} ReportOptions
 * @property {string[]} models
 * @property {number} repetitions
 * @property {number} threads
 * @property {boolean} dryRun
 * @property {string} [cuda]
 * @property {string[]} [tests]
 */

const whole = (name, text) => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Failure(`--${name} must be a whole number, 1 or more (got ${text}).`, help);
};

function parse(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        output: { type: "string", default: process.env.OUT || join(root, "build/gpu-report") },
        model: { type: "string", multiple: true, default: ["7b", "13b", "34b"] },
        repetitions: { type: "string", default: "3" },
        threads: { type: "string", default: String(Math.min(8, availableParallelism())) },
        cuda: { type: "string" },
        limit: { type: "string", default: "3600" },
        total: { type: "string", default: "36000" },
        test: { type: "string", multiple: true },
        fresh: { type: "boolean", default: false },
        "dry-run": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new Failure(error.message, help);
  }
}

function readArguments(args) {
  const { values, positionals } = parse(args);
  const unknown = positionals.filter((name) => !partNames.includes(name));
  if (unknown.length > 0) {
    throw new Failure(
      `A part must be one of ${partNames.join(", ")} (got ${unknown.join(", ")}).`,
      help,
    );
  }
  return {
    parts: positionals.length > 0 ? positionals : partNames,
    output: resolve(values.output),
    limit: whole("limit", values.limit),
    total: whole("total", values.total),
    fresh: values.fresh,
    help: values.help,
    options: {
      models: values.model,
      repetitions: whole("repetitions", values.repetitions),
      threads: whole("threads", values.threads),
      dryRun: values["dry-run"],
      cuda: values.cuda,
      tests: values.test,
    },
  };
}

/**
 * Runs one part until it ends or reaches its time limit, and logs its output line by line.
 * @param {string} name
 * @param {ReportOptions} options
 * @param {number} seconds
 * @param {(line: string) => void} log
 * @returns {Promise<void>}
 */
function runPart(name, options, seconds, log) {
  const program = join(import.meta.dirname, "parts", `${name}.mjs`);
  rmSync(join(stateFolder, name), { recursive: true, force: true });
  const child = spawn(process.execPath, [program, JSON.stringify(options)], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
    detached: true, // its own process group, so that its servers and workers end with it
  });
  const endGroup = () => {
    try {
      if (child.pid) process.kill(-child.pid, "SIGKILL");
    } catch {
      // The group has ended already.
    }
  };
  process.once("exit", endGroup);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => log(`[${name}] ${line}`));
  }
  const timer = setTimeout(() => {
    endGroup();
    const reason = `did not end within ${seconds} s`;
    saveResult(name, { ...readResult(name), status: "cut", seconds, reason });
    log(`[${name}] ${reason}`);
  }, 1000 * seconds);
  return new Promise((done) => {
    child.on("close", () => {
      clearTimeout(timer);
      process.off("exit", endGroup);
      endGroup();
      const result = readResult(name);
      if (result?.status === "running") saveResult(name, { ...result, status: "failed" });
      log(`[${name}] ${readResult(name)?.status ?? "failed"}`);
      done();
    });
  });
}

await runWhenMain(import.meta, async (args) => {
  const { parts, output, limit, total, fresh, help: isHelp, options } = readArguments(args);
  if (isHelp) return console.log(help);
  if (fresh) rmSync(stateFolder, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  mkdirSync(stateFolder, { recursive: true });
  const started = performance.now();
  const elapsed = () => Math.round((performance.now() - started) / 1000);
  const logFile = join(stateFolder, "report.log");
  const log = (line) => {
    console.log(line);
    appendFileSync(logFile, `${line}\n`);
  };
  const write = () => {
    const results = Object.fromEntries(partNames.map((name) => [name, readResult(name)]));
    writeFileSync(join(output, "report.md"), reportPage(results));
    writeFileSync(join(output, "report.json"), JSON.stringify(reportData(results), null, 2));
    copyFileSync(logFile, join(output, "report.log"));
  };
  log(`\nreport.mjs ${args.join(" ")}`);
  const writing = setInterval(write, 5000);
  for (const together of PARTS) {
    const chosen = Object.keys(together).filter((name) => parts.includes(name));
    if (chosen.length === 0) continue;
    if (elapsed() >= total) {
      log(`${chosen.join(", ")}: no time left`);
      continue;
    }
    say(`${chosen.join(", ")} (after ${elapsed()} s)`);
    const secondsFor = (name) => Math.min(together[name], limit, Math.max(1, total - elapsed()));
    await Promise.all(chosen.map((name) => runPart(name, options, secondsFor(name), log)));
    write();
  }
  clearInterval(writing);
  write();
  say(`the report is in ${output} (after ${elapsed()} s)`);
});
