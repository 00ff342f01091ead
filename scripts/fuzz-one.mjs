// Runs one fuzzer in this process, for scripts/fuzz.mjs. Fuzzers and their helpers are TypeScript. Vite compiles
// them, because Node.js 20 cannot run TypeScript.
import { openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, runWhenMain } from "./project.mjs";

/** Imports a TypeScript module by its path below the root. */
async function importModule(path) {
  const { runnerImport } = await import("vite");
  const { module } = await runnerImport(join(root, path), {
    root,
    configFile: false,
    logLevel: "error",
    oxc: { target: "node20" },
  });
  return module;
}

/**
 * Loads the fuzzer with this name.
 * @returns {Promise<import("../test/helpers/fuzzing.ts").Fuzzer>}
 */
export async function loadFuzzer(name) {
  return (await importModule(`test/fuzz/${name}`)).default;
}

await runWhenMain(import.meta, async ([request]) => {
  const { name, seed, seconds, only, progress, result } = JSON.parse(request);
  const { FuzzRun } = await importModule("test/helpers/fuzzing.ts");
  const fuzzer = await loadFuzzer(name);
  const skipped = fuzzer.unavailable?.();
  const run = new FuzzRun(seed, seconds, only, openSync(progress, "w"));
  try {
    if (skipped === undefined) await fuzzer.fuzz(run);
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  writeFileSync(result, JSON.stringify({ cases: run.count, skipped }));
  // Handles that a fuzzer leaves open must not keep the process alive.
  process.exit();
});
