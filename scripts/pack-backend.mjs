// Makes an optional package such as @node-codellama/linux-x64-cuda. It has the library of one GPU backend, built
// for any machine with the pinned llama.cpp. It fits the addon of the same version.
//
//   node scripts/pack-backend.mjs cuda [--cuda=ARCHS] [--output FOLDER]
import { copyFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { build } from "./build.mjs";
import { defaultSwitches } from "./build-switches.mjs";
import { findProgram, run } from "./command.mjs";
import { platformPackageName, thisPlatform } from "./platform.mjs";
import { Failure, readPin, root, runWhenMain } from "./project.mjs";
import { note, say } from "./terminal.mjs";

const help = "Usage: node scripts/pack-backend.mjs cuda|vulkan [--cuda=ARCHS] [--output FOLDER]";

const libraryName = (backend) =>
  process.platform === "win32" ? `ggml-${backend}.dll` : `libggml-${backend}.so`;

const packageName = (backend) => platformPackageName(thisPlatform().name, backend);

/**
 * Fills a package folder with a backend's library.
 * @param {string} library the file
 * @param {string} backend
 * @param {string} folder emptied first
 * @returns {Promise<number>} size of the library in bytes
 */
export async function writeBackendPackage(library, backend, folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "lib"), { recursive: true });
  copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  const file = join(folder, "lib", libraryName(backend));
  copyFileSync(library, file);
  if (process.platform === "linux" && findProgram("strip"))
    await run(["strip", "--strip-all", file]);
  const bytes = statSync(file).size;
  const { version, license } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const { name, ...platform } = thisPlatform();
  const manifest = {
    name: packageName(backend),
    version,
    description: `The ${backend} backend of node-codellama for ${name}`,
    license,
    ...platform,
    files: ["lib"],
    // lib/native/backend-packages.ts reads these fields before it loads the library.
    llamaCommit: readPin().commit,
    library: { file: libraryName(backend), bytes },
  };
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  return bytes;
}

async function packBackend(backend, cuda, output) {
  const switches = { ...defaultSwitches, metal: false, cpuVariants: true };
  switches[backend] = backend === "cuda" ? cuda || true : true;
  const built = await build(switches);
  const bytes = await writeBackendPackage(join(built, libraryName(backend)), backend, output);
  say(`Filled ${relative(".", output)}`);
  note(`${(bytes / 1e6).toFixed(1)} MB of library`);
}

await runWhenMain(import.meta, async (args) => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { cuda: { type: "string" }, output: { type: "string" } },
  });
  const [backend] = positionals;
  if (!["cuda", "vulkan"].includes(backend)) {
    throw new Failure(`The backend must be cuda or vulkan (got ${backend}).`, help);
  }
  const output = resolve(values.output ?? join(root, "build-packages", packageName(backend)));
  await packBackend(backend, values.cuda?.replaceAll(",", ";"), output);
});
