// Packages that only a build needs. A clone has them among its development dependencies. An installed
// package downloads them when it first compiles, so a user with a prebuilt binary never has them.
import { existsSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { installPackages } from "./installed-packages.mjs";
import { npmDownload } from "./npm.mjs";
import { root } from "./project.mjs";
import { say } from "./terminal.mjs";

/** Their exact versions stand in package.json, below devDependencies. */
export const buildPackageNames = [
  "cmake-js",
  "node-addon-api",
  "node-api-headers",
  "proper-lockfile",
];

/** Where an installed package keeps what it downloads. */
const folder = join(root, ".cache/build-packages");

/**
 * Installs the build's packages if they are missing.
 * @returns {Promise<NodeJS.Require>} loads a package of `buildPackageNames`
 */
export async function openBuildPackages() {
  await installPackages();
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const wanted = Object.fromEntries(buildPackageNames.map((name) => [name, devDependencies[name]]));
  const found = [root, folder].find((each) => hasAll(each, wanted));
  if (found === undefined) await download(wanted);
  return requireFrom(found ?? folder);
}

function requireFrom(path) {
  return createRequire(join(path, "package.json"));
}

/** The project around an installed package may have other versions of the same packages. */
function hasAll(path, wanted) {
  return Object.entries(wanted).every(
    ([name, version]) => installedVersion(path, name) === version,
  );
}

/** Reads files, because Node.js keeps the result of a `require` that found another package or none. */
function installedVersion(path, name) {
  const folders = requireFrom(path).resolve.paths(name) ?? [];
  const files = folders.map((modules) => join(modules, name, "package.json"));
  const file = files.find((each) => existsSync(each));
  return file && JSON.parse(readFileSync(file, "utf8")).version;
}

async function download(wanted) {
  const packages = Object.entries(wanted).map(([name, version]) => `${name}@${version}`);
  say(`Downloading the build's packages: ${packages.join(", ")}`);
  // Two builds may do this at once, so each works in its own folder. The first to finish wins.
  const partial = `${folder}.${process.pid}.partial`;
  await mkdir(partial, { recursive: true });
  try {
    await writeFile(join(partial, "package.json"), "{}\n");
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
    await npmDownload(["install", "--prefix", partial, ...flags, ...packages], {
      cwd: partial,
      failure: "The packages that the build needs cannot be downloaded",
    });
    if (!hasAll(folder, wanted)) await replaceFolder(partial, wanted);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function replaceFolder(partial, wanted) {
  if (existsSync(folder)) await rm(folder, { recursive: true, force: true });
  await rename(partial, folder).catch((error) => {
    if (!hasAll(folder, wanted)) throw error;
  });
}
