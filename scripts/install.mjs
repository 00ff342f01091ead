// npm runs this when the package is installed: a prebuilt binary that loads here is used as it is,
// otherwise the sources that the package carries are compiled.
import { existsSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { build } from "./build.mjs";
import { switchesFromEnvironment } from "./build-switches.mjs";
import { Failure, root, runWhenMain } from "./project.mjs";
import { note } from "./terminal.mjs";

/** NODE_CODELLAMA_BUILD="--cuda" npm install … compiles with these switches. */
const { NODE_CODELLAMA_BUILD: given, npm_config_build_from_source: fromSource } = process.env;

function prebuiltLoads() {
  try {
    createRequire(import.meta.url)("node-gyp-build")(root);
    return true;
  } catch (error) {
    note(`no prebuilt binary fits: ${error.message.split("\n")[0]}`);
    return false;
  }
}

await runWhenMain(import.meta, async () => {
  // Only a clone has lib/. There, npm start and npm test build, after llama.cpp was fetched.
  if (existsSync(join(root, "lib"))) return;
  const mustCompile = given !== undefined || fromSource === "true";
  if (!mustCompile && prebuiltLoads()) return;
  try {
    await build(switchesFromEnvironment());
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(`node-codellama cannot be compiled here.\n${error.message}`, error.advice);
  }
  // Its objects are of no more use in an installed package.
  rmSync(join(root, ".cache"), { recursive: true, force: true });
});
