// Runs tests over an instrumented build. The sanitizer's runtime is preloaded into Node.js, and the reports of
// every process that the tests start are collected.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { defaultSwitches, sanitizers } from "./build-switches.mjs";
import { run } from "./command.mjs";
import { Failure, root } from "./project.mjs";

const RUNTIMES = { address: "libasan.so", thread: "libtsan.so", undefined: "libubsan.so" };
/** Time limit of a test. Instrumented code is about ten times slower. */
const TEST_MS = 1_800_000;

/**
 * Builds with a sanitizer.
 * @param {"address" | "thread" | "undefined"} kind
 * @returns {Promise<{env: NodeJS.ProcessEnv, args: string[], reports: string}>}
 *   variables and arguments for vitest, and the folder of the reports
 */
export async function prepareSanitizer(kind) {
  if (!sanitizers.includes(kind)) {
    throw new Failure(`--sanitize must be one of ${sanitizers.join(", ")} (got ${kind}).`);
  }
  if (process.platform !== "linux") throw new Failure("--sanitize works only on Linux.");
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
    // V8 never frees some of its memory, so test/integration/engine/memory.test.ts looks for leaks instead.
    ASAN_OPTIONS: `${common}:detect_leaks=0`,
    UBSAN_OPTIONS: `${common}:print_stacktrace=1:${suppressions("ubsan.supp")}`,
    TSAN_OPTIONS: `${common}:${suppressions("tsan.supp")}`,
  };
  const args = [`--testTimeout=${TEST_MS}`, `--hookTimeout=${TEST_MS}`];
  return { env: { ...process.env, ...env }, args, reports };
}

/** Path of a sanitizer's library. */
async function runtime(library) {
  const command = [process.env.CC ?? "gcc", `-print-file-name=${library}`];
  const path = (await run(command)).trim();
  if (existsSync(path)) return path;
  throw new Failure(
    `${command.join(" ")} does not find ${library}.`,
    "Install gcc with its sanitizers.",
  );
}

/** @throws {Failure} if the sanitizer wrote a report */
export function requireNoReports(folder) {
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "utf8"));
  if (texts.length === 0) return;
  console.error(texts.join("\n"));
  throw new Failure(`The sanitizer found faults in ${texts.length} processes. Reports: ${folder}`);
}
