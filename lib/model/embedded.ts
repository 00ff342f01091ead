import { createRequire } from "node:module";
import { join } from "node:path";

/**
 * Path of the small model in the package `codellama-tiny`. Undefined if that package is installed
 * neither beside this package nor in the project of the working folder.
 */
export function embeddedModel(): string | undefined {
  for (const from of [import.meta.url, join(process.cwd(), "package.json")]) {
    try {
      const { modelPath } = createRequire(from)("codellama-tiny") as { modelPath: string };
      return modelPath;
    } catch {
      // Not installed there.
    }
  }
  return undefined;
}
