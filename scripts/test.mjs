// `npm test`: sets up what is missing, then runs every test but the package's. Those compile for
// minutes: `npm run test:package` and CI run them. `--sanitize=address` or `thread` runs tests over
// an instrumented build. Other arguments go to vitest.
import { join } from "node:path";
import { run } from "./command.mjs";
import { prebuild } from "./prebuild.mjs";
import { root, runWhenMain } from "./project.mjs";
import { prepareSanitizer, requireNoReports } from "./sanitizers.mjs";
import { setup } from "./setup.mjs";

const SANITIZE = /^--sanitize=(.*)$/;

await runWhenMain(import.meta, async (args) => {
  const isPackage = args.includes("--package");
  const sanitize = args.map((arg) => SANITIZE.exec(arg)?.[1]).find((kind) => kind !== undefined);
  await setup({ tests: true });
  if (isPackage) await prebuild();
  const sanitizer = sanitize === undefined ? undefined : await prepareSanitizer(sanitize);
  const config = join(root, "test/vitest.config.ts");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const rest = args.filter((arg) => arg !== "--package" && !SANITIZE.test(arg));
  const env = { ...(sanitizer?.env ?? process.env), ...(isPackage && { TEST_PACKAGE: "1" }) };
  const options = ["--config", config, ...(sanitizer?.args ?? [])];
  const command = [process.execPath, vitest, "run", ...options, ...rest];
  await run(command, { cwd: root, env, show: "stdout" }).catch((error) => {
    process.exitCode = error.exitCode;
  });
  if (sanitizer) requireNoReports(sanitizer.reports);
});
