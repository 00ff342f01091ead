import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const packageFolder = folderOfPackage(dirname(fileURLToPath(import.meta.url)));

/** The nearest folder with a package.json. Source files and bundled chunks lie at different depths. */
function folderOfPackage(folder: string): string {
  const parent = dirname(folder);
  if (parent === folder || existsSync(join(folder, "package.json"))) return folder;
  return folderOfPackage(parent);
}

/** Version of this package. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string })
    .version;
}

/** Path of a file of this package, from parts relative to the package's folder. */
export function packageFile(...parts: readonly string[]): string {
  return join(packageFolder, ...parts);
}
