// `npm test`: sets up what is missing, then runs every test but the package's. Those compile for
// minutes: `npm run test:package` and CI run them. `--sanitize=address` or `thread` runs tests over
// an instrumented build. `--node=24` runs them on that version of Node.js; several of them run one
// after the other, and the last line is their sum. Other arguments go to vitest.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./command.mjs";
import { nodeProgram } from "./node-versions.mjs";
import { prebuild } from "./prebuild.mjs";
import { root, runWhenMain } from "./project.mjs";
import { prepareSanitizer, requireNoReports } from "./sanitizers.mjs";
import { setup } from "./setup.mjs";
import { say } from "./terminal.mjs";

// The C++ tests and the tests of types do not depend on the Node.js that starts them.
const notAgain = ["--exclude=test/native/**", "--typecheck.enabled=false", "--passWithNoTests"];
const OWN_OPTION = /^--(package|sanitize|node)(?:=(.*))?$/;

await runWhenMain(import.meta, async (args) => {
  const own = args.map((arg) => OWN_OPTION.exec(arg)).filter((match) => match !== null);
  const valuesOf = (name) => own.filter((match) => match[1] === name).map((match) => match[2]);
  const isPackage = valuesOf("package").length > 0;
  const [sanitize] = valuesOf("sanitize");
  const programs = [];
  for (const version of valuesOf("node")) programs.push(await nodeProgram(version ?? ""));
  await setup({ tests: true });
  if (isPackage) await prebuild();
  const sanitizer = sanitize === undefined ? undefined : await prepareSanitizer(sanitize);
  const env = { ...(sanitizer?.env ?? process.env), ...(isPackage && { TEST_PACKAGE: "1" }) };
  const rest = args.filter((arg) => !OWN_OPTION.test(arg));
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

/** Runs the tests on one Node.js after the other, and prints the sum of their closing lines. */
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

/** A run that ended before its closing line has failed. */
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
