// The action of binding.gyp. node-gyp, prebuildify and Electron's rebuild tools run it, and expect the binaries
// in build/Release or build/Debug.
import { join } from "node:path";
import { copyBinaries } from "./binaries.mjs";
import { build } from "./build.mjs";
import { switchesFromEnvironment } from "./build-switches.mjs";
import { root, runWhenMain } from "./project.mjs";

await runWhenMain(import.meta, async ([configuration]) => {
  const switches = switchesFromEnvironment();
  switches.debug = configuration === "Debug";
  // prebuildify makes binaries for other machines. Only its variables show that it runs.
  if (process.env.PREBUILD_ARCH) switches.cpuVariants = true;
  const output = await build(switches);
  const expected = join(root, "build", configuration);
  if (output !== expected) copyBinaries(output, expected);
});
