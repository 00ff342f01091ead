import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { packageFile, packageVersion } from "./package-file.ts";

const packageRequire = createRequire(import.meta.url);

/**
 * Path of the addon's file. The search order is: compiled in this package, prebuilt in this package,
 * the platform's package.
 * @throws Error that lists why each place has no addon
 */
export function addonFile(): string {
  const { path }: { path(folder: string): string } = packageRequire("node-gyp-build");
  const reasons: string[] = [];
  for (const folder of [() => packageFile(), ...platformPackageNames().map(folderOf)]) {
    try {
      // NODE_CODELLAMA_PREBUILD may name a folder relative to the working folder.
      return resolve(path(folder()));
    } catch (error) {
      reasons.push((error as Error).message.split("\n")[0] ?? "");
    }
  }
  throw new Error(reasons.join("\n"));
}

/** Optional dependencies with binaries for this platform, one for each C library. */
export function platformPackageNames(): readonly string[] {
  const name = `@node-codellama/${process.platform}-${process.arch}`;
  return process.platform === "linux" ? [name, `${name}-musl`] : [name];
}

/**
 * Path of an installed package's package.json. The search starts beside this package and in the
 * working folder. Undefined if the package is not installed.
 */
export function findPackageFile(name: string): string | undefined {
  try {
    return packageRequire.resolve(`${name}/package.json`, {
      paths: [packageFile(), process.cwd()],
    });
  } catch {
    return undefined;
  }
}

function folderOf(name: string): () => string {
  return () => {
    const file = findPackageFile(name);
    if (file === undefined) throw new Error(`${name} is not installed`);
    const { version } = JSON.parse(readFileSync(file, "utf8")) as { version?: string };
    if (version === packageVersion()) return dirname(file);
    throw new Error(
      `${name} has version ${version}, but node-codellama has ${packageVersion()}: install the same version of both`,
    );
  };
}
