// `npm run pack:release`: makes the packages of a release, as folders for `npm publish`. The main package has no
// install script, because package managers block them. It has no binaries, because nobody should download the
// binaries of other platforms. The binaries of each platform are an optional dependency.
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
 * Makes the package of this platform from prebuilds/.
 * @returns {string} folder of the package
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
 * Makes the main package from the files of `npm pack`, without binaries.
 * @returns {Promise<string>} folder of the package
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
  // Only a clone needs scripts and workspaces.
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
