// binding.gyp's one action, for node-gyp, prebuildify and Electron's rebuild tools: they look for
// the binaries in build/Release or build/Debug.
import { join } from "node:path";
import { copyBinaries } from "./binaries.mjs";
import { build } from "./build.mjs";
import { switchesFromEnvironment } from "./build-switches.mjs";
import { root, runWhenMain } from "./project.mjs";

await runWhenMain(import.meta, async ([configuration]) => {
  const switches = switchesFromEnvironment();
  switches.debug = configuration === "Debug";
  // prebuildify makes binaries for other machines, and says so only by its variables.
  if (process.env.PREBUILD_ARCH) switches.cpuVariants = true;
  const output = await build(switches);
  const expected = join(root, "build", configuration);
  if (output !== expected) copyBinaries(output, expected);
});
