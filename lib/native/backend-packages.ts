import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { findPackageFile } from "./addon-file.ts";

/** An optional package with a GPU backend. scripts/pack-backend.mjs makes these packages. */
export interface BackendPackage {
  readonly name: string;
  /** Folder of the installed package. Absent if it is not installed. */
  readonly folder?: string;
  /** Why the package is not used. Absent if it is used. */
  readonly reason?: string;
}

/** Names of the backend packages that can exist for this platform, faster backends first. */
export function backendPackageNames(): readonly string[] {
  if (process.platform === "darwin") return []; // Metal is in the addon itself
  const platform = `${process.platform}-${process.arch}`;
  return ["cuda", "vulkan"].map((backend) => `@node-codellama/${platform}-${backend}`);
}

/**
 * Looks for the optional packages beside this package and from the working folder up, because
 * package managers that use links install them in the application's folder.
 * @param llamaCommit - the addon's llama.cpp commit; a library of another commit has another ABI
 */
export function findBackendPackages(llamaCommit: string): readonly BackendPackage[] {
  return backendPackageNames().map((name) => {
    const file = findPackageFile(name);
    if (file === undefined) return { name, reason: "it is not installed" };
    const folder = dirname(file);
    const reason = reasonToSkip(file, llamaCommit);
    return reason === undefined ? { name, folder } : { name, folder, reason };
  });
}

interface Manifest {
  readonly llamaCommit?: unknown;
  readonly library?: { readonly file?: unknown; readonly bytes?: unknown };
}

/** Undefined if the package can be used. */
function reasonToSkip(packageFile: string, llamaCommit: string): string | undefined {
  let manifest: Manifest;
  try {
    manifest = JSON.parse(readFileSync(packageFile, "utf8"));
  } catch (error) {
    return `its package.json cannot be read: ${String(error)}`;
  }
  if (manifest?.llamaCommit !== llamaCommit) {
    return (
      `it was built for llama.cpp ${shortCommit(manifest?.llamaCommit)}, and this node-codellama ` +
      `has ${shortCommit(llamaCommit)}: install the same version of both`
    );
  }
  const { file, bytes } = manifest.library ?? {};
  if (typeof file !== "string" || typeof bytes !== "number") {
    return "its package.json does not name a library";
  }
  // Loading a truncated library ends the process.
  const found = statSync(join(dirname(packageFile), "lib", file), { throwIfNoEntry: false })?.size;
  if (found === bytes) return undefined;
  return `its library ${file} has ${found ?? 0} of ${bytes} bytes: install it again`;
}

function shortCommit(commit: unknown): string {
  return typeof commit === "string" ? commit.slice(0, 9) : "(unknown commit)";
}
