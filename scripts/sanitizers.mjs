// Runs tests over an instrumented build: its runtime goes into a Node.js that has none, and what it
// reports is gathered from every process that the tests start.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { defaultSwitches, sanitizers } from "./build-switches.mjs";
import { run } from "./command.mjs";
import { Failure, root } from "./project.mjs";

const RUNTIMES = { address: "libasan.so", thread: "libtsan.so", undefined: "libubsan.so" };
/** Instrumented code takes ten times as long. */
const TEST_MS = 1_800_000;

/**
 * Builds with a sanitizer.
 * @param {"address" | "thread" | "undefined"} kind
 * @returns {Promise<{env: NodeJS.ProcessEnv, args: string[], reports: string}>} what to run vitest
 *   with, and the folder that reports are written to
 */
export async function prepareSanitizer(kind) {
  if (!sanitizers.includes(kind)) {
    throw new Failure(`--sanitize=${kind} is not known; there are ${sanitizers.join(", ")}.`);
  }
  if (process.platform !== "linux") throw new Failure("Sanitizers are set up for Linux only.");
  const output = await build({ ...defaultSwitches, sanitize: kind, tests: true });
  const folder = join(output, "../..");
  const reports = join(folder, "reports");
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const suppressions = (name) => `suppressions=${join(root, "test/native", name)}`;
  const common = `log_path=${join(reports, "report")}`;
  const env = {
    LD_PRELOAD: await runtime(RUNTIMES[kind]),
    NODE_CODELLAMA_PREBUILD: folder,
    // V8 keeps what it allocates, so leaks are found by test/integration/engine/memory.test.ts instead.
    ASAN_OPTIONS: `${common}:detect_leaks=0`,
    UBSAN_OPTIONS: `${common}:print_stacktrace=1:${suppressions("ubsan.supp")}`,
    TSAN_OPTIONS: `${common}:${suppressions("tsan.supp")}`,
  };
  const args = [`--testTimeout=${TEST_MS}`, `--hookTimeout=${TEST_MS}`];
  return { env: { ...process.env, ...env }, args, reports };
}

/** Where the compiler keeps a sanitizer's library. */
async function runtime(library) {
  const command = [process.env.CC ?? "gcc", `-print-file-name=${library}`];
  const path = (await run(command)).trim();
  if (existsSync(path)) return path;
  throw new Failure(
    `${command.join(" ")} finds no ${library}.`,
    "Install gcc with its sanitizers.",
  );
}

/** Fails with what the sanitizer reported, if anything. */
export function requireNoReports(folder) {
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  if (texts.length === 0) return;
  console.error(texts.join("\n"));
  throw new Failure(`The sanitizer reported in ${texts.length} processes: ${folder}`);
}
