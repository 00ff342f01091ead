// `npm run pack:release`: the packages of a release, as folders that `npm publish` takes. The main package has
// no binaries and no install script: package managers block scripts, and nobody should download
// the binaries of other platforms. Each platform's binaries are an optional dependency of their own.
//
// Run it on each platform after `npm run prebuild`.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { buildPackageNames } from "./build-packages.mjs";
import { run } from "./command.mjs";
import { npmCommand } from "./npm.mjs";
import { platformPackageName, releasePlatforms, thisPlatform } from "./platform.mjs";
import { Failure, root, runWhenMain } from "./project.mjs";
import { note, say } from "./terminal.mjs";

const output = join(root, "build-packages");

/**
 * Makes this platform's package from prebuilds/.
 * @returns {string} its folder
 */
export function packPlatform() {
  const { name: platform, ...fields } = thisPlatform();
  const prebuilds = `prebuilds/${process.platform}-${process.arch}`;
  if (!existsSync(join(root, prebuilds))) {
    throw new Failure(`${prebuilds} does not exist.`, "Run `npm run prebuild` first.");
  }
  const { version, license, repository } = readManifest(root);
  const name = platformPackageName(platform);
  const folder = emptyFolder(name);
  cpSync(join(root, prebuilds), join(folder, prebuilds), { recursive: true });
  copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  writeManifest(folder, {
    name,
    version,
    description: `node-codellama's binaries for ${platform}`,
    license,
    repository,
    ...fields,
    files: ["prebuilds"],
    // Package managers that link packages must keep the libraries beside the addon.
    preferUnplugged: true,
  });
  return folder;
}

/**
 * Makes the main package: what `npm pack` takes, without binaries.
 * @returns {Promise<string>} its folder
 */
export async function packMain() {
  const folder = emptyFolder("node-codellama");
  const npm = [...npmCommand(), "pack", "--json", "--pack-destination", tmpdir()];
  const packed = await run(npm, { cwd: root });
  const [{ filename }] = JSON.parse(packed.slice(packed.indexOf("[\n")));
  const archive = join(tmpdir(), filename);
  try {
    await run(["tar", "-xzf", archive, "-C", folder, "--strip-components=1"]);
  } finally {
    rmSync(archive, { force: true });
  }
  rmSync(join(folder, "prebuilds"), { recursive: true, force: true });
  // Scripts and workspaces are for a clone.
  const { scripts, devDependencies, workspaces, allowScripts, ...manifest } = readManifest(folder);
  const packages = releasePlatforms.map((each) => [platformPackageName(each), manifest.version]);
  writeManifest(folder, {
    ...manifest,
    optionalDependencies: Object.fromEntries(packages),
    // build-packages.mjs reads their versions when a user compiles.
    devDependencies: Object.fromEntries(
      buildPackageNames.map((name) => [name, devDependencies[name]]),
    ),
  });
  return folder;
}

function emptyFolder(name) {
  const folder = join(output, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

function readManifest(folder) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

function writeManifest(folder, manifest) {
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

await runWhenMain(import.meta, async () => {
  say("Filling build-packages/");
  for (const folder of [packPlatform(), await packMain()]) note(relative(root, folder));
});
