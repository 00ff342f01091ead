import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { packageFile, packageVersion } from "./package-file.ts";

const packageRequire = createRequire(import.meta.url);

/**
 * The addon's file: compiled here, prebuilt inside this package, or in the platform's own package, in
 * this order.
 * @throws Error that lists where it looked
 */
export function addonFile(): string {
  const { path }: { path(folder: string): string } = packageRequire("node-gyp-build");
  const reasons: string[] = [];
  for (const folder of [() => packageFile(), ...platformPackageNames().map(toFolder)]) {
    try {
      return path(folder());
    } catch (error) {
      reasons.push((error as Error).message.split("\n")[0] ?? "");
    }
  }
  throw new Error(reasons.join("\n"));
}

/** The optional dependencies that carry binaries for this platform, one for each C library. */
export function platformPackageNames(): readonly string[] {
  const name = `@node-codellama/${process.platform}-${process.arch}`;
  return process.platform === "linux" ? [name, `${name}-musl`] : [name];
}

/** Where a package of this scope is installed: beside this one, or where the application is. */
export function findPackageFile(name: string): string | undefined {
  try {
    return packageRequire.resolve(`${name}/package.json`, {
      paths: [packageFile(), process.cwd()],
    });
  } catch {
    return undefined;
  }
}

function toFolder(name: string): () => string {
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
