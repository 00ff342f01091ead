// Sets up whatever is missing or out of date, in order: packages, llama.cpp's source, the native
// build, the JavaScript in dist/. Nothing but Node.js is needed to start it.
import { build } from "./build.mjs";
import { readBuildRecord } from "./build-record.mjs";
import { buildFolders, defaultSwitches } from "./build-switches.mjs";
import { bundle } from "./bundle.mjs";
import { installPackages } from "./installed-packages.mjs";
import { Failure, runWhenMain } from "./project.mjs";

/**
 * Makes the clone ready to run.
 * @param {object} options
 * @param {boolean} [options.tests] also compiles the engine's own tests
 * @param {boolean} [options.compiles] false installs the packages only
 */
export async function setup({ tests = false, compiles = true } = {}) {
  checkNode();
  await installPackages();
  if (!compiles) return;
  await build(rememberedSwitches(tests));
  await bundle();
}

/** A build once made with --cuda stays one: setup only brings it up to date. */
function rememberedSwitches(tests) {
  const record = readBuildRecord(buildFolders(defaultSwitches).output);
  const { cuda, metal, vulkan, tests: tested } = { ...defaultSwitches, ...record?.switches };
  return { ...defaultSwitches, cuda, metal, vulkan, tests: tests || tested };
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 17)) return;
  throw new Failure(
    `Node.js ${process.versions.node} is too old.`,
    "Install Node.js 20.17 or newer.",
  );
}

await runWhenMain(import.meta, () => setup());
