// Sets up whatever is missing or out of date, in order: packages, llama.cpp's source, the native
// build, the JavaScript in dist/. Nothing but Node.js is needed to start it.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { readBuildRecord } from "./build-record.mjs";
import { buildFolders, defaultSwitches } from "./build-switches.mjs";
import { run } from "./command.mjs";
import { installPackages } from "./installed-packages.mjs";
import { Failure, newestIn, root, runWhenMain, writtenAt } from "./project.mjs";
import { say } from "./terminal.mjs";

/**
 * Makes the clone ready to run.
 * @param {{tests?: boolean}} options `tests` compiles the engine's own tests as well
 */
export async function setup({ tests = false } = {}) {
  checkNode();
  await installPackages();
  await build(rememberedSwitches(tests));
  await bundle();
}

/** A build once made with --cuda or --debug's like stays one: setup only brings it up to date. */
function rememberedSwitches(tests) {
  const record = readBuildRecord(buildFolders(defaultSwitches).output);
  const switches = { ...defaultSwitches, ...record?.switches };
  return { ...switches, tests: tests || switches.tests };
}

async function bundle() {
  const config = join(root, "scripts/tsdown.config.ts");
  const newest = Math.max(newestIn(join(root, "lib")), writtenAt(config));
  const bundles = ["index.js", "index.cjs", "cli/main.js"].map((name) => join(root, "dist", name));
  if (bundles.every((file) => writtenAt(file) > newest)) return;
  say("Bundling lib/ into dist/");
  const tsdown = join(root, "node_modules/tsdown/dist/run.mjs");
  const command = [process.execPath, tsdown, "--config", config, "--log-level", "warn"];
  await run(command, { cwd: root }).catch((error) => {
    throw new Failure(
      error.output ?? error.message,
      "lib/ cannot be bundled: mend what is said above.",
    );
  });
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 17)) return;
  throw new Failure(
    `Node.js ${process.versions.node} is too old.`,
    "Install Node.js 20.17 or newer.",
  );
}

await runWhenMain(import.meta, async () => {
  if (!existsSync(join(root, "lib"))) {
    throw new Failure("This is an installed package, not a clone: there is nothing to set up.");
  }
  await setup();
});
