/** Shared code of the report's parts. Each part is its own program. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readBuildRecord } from "../build-record.mjs";
import { buildFolders, defaultSwitches } from "../build-switches.mjs";
import { findGpus } from "../nvidia.mjs";
import { Failure, root } from "../project.mjs";

/** Folder of the parts' results. It stays for the next run of the report. */
export const stateFolder = join(root, ".cache/gpu-report");

/** The part cannot run on this machine. That is not a failure. */
export class Skip extends Error {}

/** Path of a file to which a part appends lines of JSON. */
export function linesFile(name) {
  const folder = join(stateFolder, name);
  mkdirSync(folder, { recursive: true });
  return join(folder, "lines.jsonl");
}

/** The lines that the part has appended so far. */
export function readLines(name) {
  const file = linesFile(name);
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line));
}

/** Writes a part's result. Readers never see an incomplete file. */
export function saveResult(name, result) {
  mkdirSync(stateFolder, { recursive: true });
  const file = join(stateFolder, `${name}.json`);
  writeFileSync(`${file}.partial`, `${JSON.stringify(result, null, 2)}\n`);
  renameSync(`${file}.partial`, file);
}

/** A part's result. Undefined if it has none. */
export function readResult(name) {
  try {
    return JSON.parse(readFileSync(join(stateFolder, `${name}.json`), "utf8"));
  } catch {
    return undefined;
  }
}

/**
 * Runs a part. Its options are the program's argument. Everything that it saves stays, even if it fails.
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

/** @throws {Skip} if there is no GPU or no build for it, except in a dry run on the CPU */
export function requireGpu({ dryRun }) {
  if (dryRun) return;
  if (findGpus().length === 0) throw new Skip("this machine has no NVIDIA GPU");
  const record = readBuildRecord(buildFolders(defaultSwitches).output);
  if (!record?.switches.cuda) throw new Skip("the addon is not built for CUDA");
}

/**
 * Runs a program whose output goes to this program's output. Rejects if it fails.
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

/** @throws {Skip} if there is one GPU only, except in a dry run */
export function requireSeveralGpus(options) {
  requireGpu(options);
  if (!options.dryRun && findGpus().length < 2) throw new Skip("this machine has only one GPU");
}

/** Runs cases of the bench. Its results are in a folder with the part's name. */
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
