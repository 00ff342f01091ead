/** Runs the tests of the engine, and the integration tests with all layers on the GPU. */
import { join } from "node:path";
import { root } from "../../project.mjs";
import { linesFile, requireGpu, runPart, runShown } from "../part.mjs";

const FOLDERS = ["native", "golden", "lifetime", "integration"].map((name) => `test/${name}`);
/** These tests need a browser. */
const EXCLUDED = "test/integration/server/page/**";

await runPart("tests", async (options) => {
  requireGpu(options);
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const config = ["--config", join(root, "test/vitest.config.ts"), "--typecheck.enabled=false"];
  const reporter = ["--reporter", join(root, "scripts/gpu/line-reporter.mjs")];
  const limits = ["--exclude", EXCLUDED, "--maxWorkers", "8"];
  const paths = options.tests ?? FOLDERS;
  const command = [process.execPath, vitest, "run", ...config, ...reporter, ...limits, ...paths];
  // Failed tests are a result, not a failure of this part.
  await runShown(command, {
    TEST_LINES: linesFile("tests"),
    ...(options.dryRun ? {} : { TEST_GPU_LAYERS: "auto" }),
  }).catch(() => {});
});
