// Sets up what is missing or out of date, in this order: packages, llama.cpp's source, the native build, the
// JavaScript in dist/. It starts with nothing but Node.js.
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

/** The switches of the last build: setup keeps a CUDA build a CUDA build. */
function rememberedSwitches(tests) {
  const record = readBuildRecord(buildFolders(defaultSwitches).output);
  const { cuda, metal, vulkan, tests: tested } = { ...defaultSwitches, ...record?.switches };
  return { ...defaultSwitches, cuda, metal, vulkan, tests: tests || tested };
}

function checkNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 17)) return;
  throw new Failure(
    `Node.js must be 20.17 or newer (got ${process.versions.node}).`,
    "Install a newer Node.js.",
  );
}

await runWhenMain(import.meta, () => setup());
