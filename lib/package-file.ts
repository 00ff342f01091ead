import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// This module, and each chunk that it is bundled into, lies in a folder of the package's own.
const packageFolder = dirname(dirname(fileURLToPath(import.meta.url)));

/** This package's version. */
export function packageVersion(): string {
  return (JSON.parse(readFileSync(packageFile("package.json"), "utf8")) as { version: string })
    .version;
}

/** The path of a file that comes with this package. */
export function packageFile(...parts: readonly string[]): string {
  return join(packageFolder, ...parts);
}
