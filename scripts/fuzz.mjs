// `npm run fuzz`: runs the fuzzers of test/fuzz/ one after the other, each in its own process. A fuzzer
// implements the interface in test/helpers/fuzzing.ts.
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
/**
 * Time to compile a fuzzer's program and to end its last case. A longer case counts as a hang. The
 * readers take two minutes of processor time to compile.
 */
const graceSeconds = 240;
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
 * @param {number} [options.memory] memory limit of the process, in MiB
 * @param {"inherit" | "pipe"} [options.output] "pipe" returns the output in the result
 * @returns {Promise<{outcome: "passed" | "found" | "skipped", summary: string, output: string}>}
 */
export async function runFuzzer(name, { seed, seconds, only, memory = 4096, output = "inherit" }) {
  const scratch = mkdtempSync(join(tmpdir(), "node-codellama-fuzz-"));
  const progress = join(scratch, "case");
  const result = join(scratch, "result.json");
  try {
    const request = JSON.stringify({ name, seed, seconds, only, progress, result });
    const end = await superviseChild([runner, request], { seconds, memory, output });
    const { cases = 0, skipped } = readJson(result) ?? {};
    const line = (text) => `${name}: ${text} (seed ${seed}, ${cases} cases)`;
    if (end.reason === undefined && skipped) {
      return { outcome: "skipped", summary: `${name}: skipped, ${skipped}`, ...end };
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

/** Runs Node.js with these arguments. `reason` says why the process failed; undefined if it succeeded. */
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
    const timer = setTimeout(stop, limit * 1000, `did not end within ${limit} s`);
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

/** Memory of a process in MiB. 0 if the kernel does not report it. */
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

Runs the named fuzzers, or all of them, one after the other.

  --seconds N   time for each fuzzer (default 60)
  --seed S      repeat the run with this seed (default: a new seed)
  --case I      run only this case of the seed
  --memory MIB  memory limit of a fuzzer's process (default 4096)

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
    throw new Failure(`--${name} must be a whole number, 0 or more (got ${values[name]}).`);
  };
  const known = fuzzerNames();
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new Failure(`The fuzzer must be one of ${known.join(", ")} (got ${unknown}).`);
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
