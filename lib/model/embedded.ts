import { createRequire } from "node:module";
import { join } from "node:path";

/**
 * The path of the small model that the package `codellama-tiny` carries, when it is installed
 * beside this package or in the working folder's project.
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
