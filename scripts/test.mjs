// `npm test`: sets up what is missing, then runs the tests. Options:
//
//   --package         the tests of the packed package. They compile for minutes, so `npm test` leaves them out.
//   --sanitize=KIND   tests over an instrumented build; KIND is address, thread or undefined
//   --node=VERSION    tests on a major version of Node.js. May be repeated: the last line is the sum.
//
// Other arguments go to vitest. `npm test -- test/unit` compiles nothing.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative, resolve } from "node:path";
import { run } from "./command.mjs";
import { nodeProgram } from "./node-versions.mjs";
import { prebuild } from "./prebuild.mjs";
import { root, runWhenMain } from "./project.mjs";
import { prepareSanitizer, requireNoReports } from "./sanitizers.mjs";
import { setup } from "./setup.mjs";
import { say } from "./terminal.mjs";

// C++ tests and type tests do not depend on the version of Node.js.
const notAgain = ["--exclude=test/native/**", "--typecheck.enabled=false", "--passWithNoTests"];
const OWN_OPTION = /^--(package|sanitize|node)(?:=(.*))?$/;

/**
 * Whether the arguments select unit tests or type tests only. Those import lib/ and never load the addon.
 * False when in doubt: a word may be the value of one of vitest's options.
 * @param {readonly string[]} args
 */
export function isForUnitTests(args) {
  const words = args.filter((arg) => !arg.startsWith("-"));
  const paths = words.map((word) => relative(root, resolve(root, word)).replaceAll("\\", "/"));
  return paths.length > 0 && paths.every((path) => /^test\/(unit|types)(\/|$)/.test(path));
}

await runWhenMain(import.meta, async (args) => {
  const own = args.map((arg) => OWN_OPTION.exec(arg)).filter((match) => match !== null);
  const valuesOf = (name) => own.filter((match) => match[1] === name).map((match) => match[2]);
  const isPackage = valuesOf("package").length > 0;
  const [sanitize] = valuesOf("sanitize");
  const programs = [];
  for (const version of valuesOf("node")) programs.push(await nodeProgram(version ?? ""));
  const rest = args.filter((arg) => !OWN_OPTION.test(arg));
  const compiles = isPackage || sanitize !== undefined || !isForUnitTests(rest);
  await setup({ tests: true, compiles });
  if (isPackage) await prebuild();
  const sanitizer = sanitize === undefined ? undefined : await prepareSanitizer(sanitize);
  const env = { ...(sanitizer?.env ?? process.env), ...(isPackage && { TEST_PACKAGE: "1" }) };
  const options = [...(sanitizer?.args ?? []), ...rest];
  if (programs.length > 1) await runOnEach(programs, options, env);
  else await runVitest(programs[0] ?? process.execPath, options, env);
  if (sanitizer) requireNoReports(sanitizer.reports);
});

async function runVitest(program, options, env) {
  const config = join(root, "test/vitest.config.ts");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const command = [program, vitest, "run", "--config", config, ...options];
  await run(command, { cwd: root, env, show: "stdout" }).catch((error) => {
    process.exitCode = error.exitCode;
  });
}

/** Runs the tests on each Node.js in turn, and prints the sum of their closing lines. */
async function runOnEach(programs, options, env) {
  const folder = mkdtempSync(join(tmpdir(), "node-codellama-counts-"));
  const sum = { passed: 0, failed: 0, skipped: 0 };
  try {
    for (const [index, program] of programs.entries()) {
      const file = join(folder, `${index}.json`);
      say(`Testing on Node.js ${(await run([program, "--version"])).trim()}`);
      const again = index > 0 ? notAgain : [];
      await runVitest(program, [...options, ...again], {
        ...env,
        NODE_CODELLAMA_TEST_COUNTS: file,
      });
      const counts = readCounts(file);
      for (const name of Object.keys(sum)) sum[name] += counts[name];
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  console.log(closingLine(sum));
}

/** Reads the counts of a run. A run without counts ended early and counts as failed. */
function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    process.exitCode ||= 1;
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

function closingLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
