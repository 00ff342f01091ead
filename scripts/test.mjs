// `npm test`: sets up what is missing, then runs every test but the package's. Those compile for
// minutes: `npm run test:package` and CI run them. Other arguments go to vitest.
import { join } from "node:path";
import { run } from "./command.mjs";
import { prebuild } from "./prebuild.mjs";
import { root, runWhenMain } from "./project.mjs";
import { setup } from "./setup.mjs";

await runWhenMain(import.meta, async (args) => {
  const isPackage = args.includes("--package");
  await setup({ tests: true });
  if (isPackage) await prebuild();
  const config = join(root, "test/vitest.config.ts");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const rest = args.filter((arg) => arg !== "--package");
  const env = { ...process.env, ...(isPackage && { TEST_PACKAGE: "1" }) };
  const command = [process.execPath, vitest, "run", "--config", config, ...rest];
  await run(command, { cwd: root, env, show: "stdout" }).catch((error) => {
    process.exitCode = error.exitCode;
  });
});
