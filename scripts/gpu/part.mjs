/** What the parts of the report have in common: each one is a program of its own. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readBuildRecord } from "../build-record.mjs";
import { buildFolders, defaultSwitches } from "../build-switches.mjs";
import { findGpus } from "../nvidia.mjs";
import { Failure, root } from "../project.mjs";

/** Results of the parts, kept from one run of the report to the next. */
export const stateFolder = join(root, ".cache/gpu-report");

/** A part cannot run here, and that is no failure. */
export class Skip extends Error {}

/** A file of JSON lines that a part adds to as it goes. */
export function linesFile(name) {
  const folder = join(stateFolder, name);
  mkdirSync(folder, { recursive: true });
  return join(folder, "lines.jsonl");
}

/** What it has added so far. */
export function readLines(name) {
  const file = linesFile(name);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

/** Writes a part's result so that it is never seen half written. */
export function saveResult(name, result) {
  mkdirSync(stateFolder, { recursive: true });
  const file = join(stateFolder, `${name}.json`);
  writeFileSync(`${file}.partial`, `${JSON.stringify(result, null, 2)}\n`);
  renameSync(`${file}.partial`, file);
}

/** A part's result, or undefined. */
export function readResult(name) {
  try {
    return JSON.parse(readFileSync(join(stateFolder, `${name}.json`), "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Runs a part: its options are the program's argument, and what it saves is kept however it ends.
 *
 * @param {string} name
 * @param {(options: import("./report.mjs").ReportOptions, save: (facts: object) => void) => Promise<void>} run
 */
export async function runPart(name, run) {
  const options = JSON.parse(process.argv[2]);
  const started = performance.now();
  let facts = {};
  const write = (status, more = {}) => {
    facts = { ...facts, ...more };
    const seconds = Math.round((performance.now() - started) / 1000);
    saveResult(name, { status, seconds, ...facts });
  };
  write("running");
  try {
    await run(options, (more) => write("running", more));
    write("done");
  } catch (error) {
    write(error instanceof Skip ? "skipped" : "failed", { reason: error.message });
    if (error instanceof Skip) return;
    console.error(error instanceof Failure ? error.message : error);
    process.exitCode = 1;
  }
}

/** Says why there is nothing to measure, unless it is a dry run on the CPU. */
export function requireGpu({ dryRun }) {
  if (dryRun) return;
  if (findGpus().length === 0) throw new Skip("there is no NVIDIA GPU here");
  const record = readBuildRecord(buildFolders(defaultSwitches).output);
  if (!record?.switches.cuda) throw new Skip("the addon is not built for CUDA");
}

/**
 * Runs a program with its output on this one's; rejects where it fails.
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} env more variables
 * @returns {Promise<void>}
 */
export function runShown(command, env = {}) {
  return new Promise((resolve, reject) => {
    const [program, ...args] = command;
    const child = spawn(program, args, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, ...env },
    });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (code === 0) resolve();
      else
        reject(new Failure(`${args[0] ?? program} ended with ${signal ?? `exit code ${code}`}.`));
    });
  });
}

/** Says that there is nothing to split over, unless it is a dry run. */
export function requireSeveralGpus(options) {
  requireGpu(options);
  if (!options.dryRun && findGpus().length < 2) throw new Skip("there is one GPU here");
}

/** Runs cases of the bench; its results lie in a folder of the part's name. */
export function runBench(name, cases, models, { dryRun, repetitions, threads }, more = []) {
  const args = models.flatMap((model) => ["--model", model]);
  return runShown([
    process.execPath,
    join(root, "bench/main.mjs"),
    ...cases,
    ...args,
    ...["--repetitions", String(repetitions), "--threads", String(threads)],
    ...["--output", join(stateFolder, name)],
    ...(dryRun ? [] : ["--gpu", ...more]),
  ]);
}
