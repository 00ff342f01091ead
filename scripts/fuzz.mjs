// `npm run fuzz`: runs the fuzzers of test/fuzz/ one after the other, each in a process of its own.
// test/helpers/fuzzing.ts is what a fuzzer implements.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { Failure, root, runWhenMain } from "./project.mjs";
import { setup } from "./setup.mjs";
import { note, say } from "./terminal.mjs";

const folder = join(root, "test/fuzz");
const runner = join(import.meta.dirname, "fuzz-one.mjs");
/** A case may still run when the time is over. Longer than that, it hangs. */
const graceSeconds = 120;
const watchMs = 250;
const mebibyte = 2 ** 20;

/** Names of all fuzzers. */
export function fuzzerNames() {
  const files = readdirSync(folder).filter((file) => /\.(mjs|ts)$/.test(file));
  return files.map((file) => basename(file).replace(/\.\w+$/, "")).sort();
}

/**
 * Runs one fuzzer.
 * @param {string} name
 * @param {object} options
 * @param {number} options.seed
 * @param {number} options.seconds
 * @param {number} [options.only] index of the one case to run
 * @param {number} [options.memory] the process ends above that many MiB
 * @param {"inherit" | "pipe"} [options.output] "pipe" gives the output in the result
 * @returns {Promise<{outcome: "passed" | "found" | "skipped", summary: string, output: string}>}
 */
export async function runFuzzer(name, { seed, seconds, only, memory = 4096, output = "inherit" }) {
  const scratch = mkdtempSync(join(tmpdir(), "node-codellama-fuzz-"));
  const progress = join(scratch, "case");
  const result = join(scratch, "result.json");
  try {
    const request = JSON.stringify({ name, seed, seconds, only, progress, result });
    const end = await superviseChild([runner, request], { seconds, memory, output });
    const { cases = 0, ...told } = readJson(result) ?? {};
    const line = (text) => `${name}: ${text} (seed ${seed}, ${cases} cases)`;
    if (end.reason === undefined && told.skipped) {
      return { outcome: "skipped", summary: `${name}: skipped, ${told.skipped}`, ...end };
    }
    if (end.reason === undefined) return { outcome: "passed", summary: line("passed"), ...end };
    const index = only ?? lastCase(progress);
    const again = `npm run fuzz -- ${name} --seed ${seed}${index === undefined ? "" : ` --case ${index}`}`;
    return {
      outcome: "found",
      summary: `${line(`FAILED: ${end.reason}`)}\n  again: ${again}`,
      ...end,
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Starts a child of this Node.js and gives why it did not end well, if so. */
function superviseChild(args, { seconds, memory, output }) {
  return new Promise((resolve, reject) => {
    /** @type {import("node:child_process").StdioOptions} */
    const stdio = output === "pipe" ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"];
    const child = spawn(process.execPath, args, { cwd: root, stdio });
    let text = "";
    let reason;
    const stop = (why) => {
      reason ??= why;
      child.kill("SIGKILL");
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (piece) => {
        text += piece;
      });
    }
    const limit = seconds + graceSeconds;
    const timer = setTimeout(stop, limit * 1000, `no end after ${limit} s`);
    const watch = setInterval(() => {
      if (residentMebibytes(child.pid) > memory) stop(`more than ${memory} MiB of memory`);
    }, watchMs);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      clearInterval(watch);
      if (code !== 0) reason ??= signal ? `ended by ${signal}` : `exit code ${code}`;
      resolve({ reason, output: text });
    });
  });
}

/** Memory of a process; 0 where the kernel does not tell. */
function residentMebibytes(pid) {
  try {
    const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    return (Number(kibibytes ?? 0) * 1024) / mebibyte;
  } catch {
    return 0;
  }
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function lastCase(path) {
  const index = readJson(path);
  return typeof index === "number" ? index : undefined;
}

const helpText = `npm run fuzz -- [NAME...] [--seconds N] [--seed S] [--case I] [--memory MIB]

Runs every fuzzer, or those that are named, one after the other.

  --seconds N   time for each fuzzer (60)
  --seed S      repeats a run; a new seed each time otherwise
  --case I      runs that one case of the seed
  --memory MIB  memory that a fuzzer's process may take (4096)

Exit code 1 when a fuzzer finds a fault. Fuzzers:
`;

function parse(args) {
  const number = /** @type {const} */ ({ type: "string" });
  const options = { seconds: number, seed: number, case: number, memory: number };
  const help = /** @type {const} */ ({ type: "boolean" });
  try {
    return parseArgs({ args, options: { ...options, help }, allowPositionals: true });
  } catch (error) {
    throw new Failure(error.message, "`npm run fuzz -- --help` lists the options.");
  }
}

function readArguments(args) {
  const { values, positionals } = parse(args);
  const read = (name) => {
    const value = values[name] === undefined ? undefined : Number(values[name]);
    if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return value;
    throw new Failure(`--${name} must be a whole number from 0 (got ${values[name]}).`);
  };
  const known = fuzzerNames();
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Failure(`There is no fuzzer ${unknown}. There are: ${known.join(", ")}.`);
  }
  return {
    help: values.help === true,
    names: positionals.length > 0 ? positionals : known,
    options: {
      seconds: read("seconds") ?? 60,
      seed: read("seed") ?? Date.now() % 1_000_000,
      only: read("case"),
      memory: read("memory") ?? 4096,
    },
  };
}

/** Name and description of each fuzzer, in columns. */
async function listFuzzers() {
  const { loadFuzzer } = await import("./fuzz-one.mjs");
  const lines = [];
  for (const name of fuzzerNames()) {
    const { description } = await loadFuzzer(name);
    lines.push(`  ${name.padEnd(14)}${description}`);
  }
  return lines.join("\n");
}

await runWhenMain(import.meta, async (args) => {
  const { help, names, options } = readArguments(args);
  if (help) return console.log(helpText + (await listFuzzers()));
  await setup({ tests: true });
  const results = [];
  for (const name of names) {
    say(`Fuzzing ${name} for ${options.seconds} s with seed ${options.seed}`);
    const result = await runFuzzer(name, options);
    note(result.summary);
    results.push(result);
  }
  const count = (outcome) => results.filter((result) => result.outcome === outcome).length;
  console.log(results.map(({ summary }) => summary).join("\n"));
  console.log(`${count("passed")} passed, ${count("found")} failed, ${count("skipped")} skipped`);
  if (count("found") > 0) process.exitCode = 1;
});
