import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageFolder = folderOfPackage(dirname(fileURLToPath(import.meta.url)));

/** The nearest folder with a package.json: the source lies deeper than the bundled chunks. */
function folderOfPackage(folder: string): string {
  const parent = dirname(folder);
  if (parent === folder || existsSync(join(folder, "package.json"))) return folder;
  return folderOfPackage(parent);
}

/** This package's version. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string })
    .version;
}

/** The path of a file that comes with this package. */
export function packageFile(...parts: readonly string[]): string {
  return join(packageFolder, ...parts);
}
