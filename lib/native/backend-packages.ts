import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { findPackageFile } from "./addon-file.ts";

/** An optional package with a library for GPUs, made by scripts/pack-backend.mjs. */
export interface BackendPackage {
  readonly name: string;
  /** Where it is installed; absent where it is not. */
  readonly folder?: string;
  /** Why it is not used. */
  readonly reason?: string;
}

/** The packages there may be for this platform, the faster ones first. */
export function backendPackageNames(): readonly string[] {
  if (process.platform === "darwin") return []; // Metal is in the addon itself
  const platform = `${process.platform}-${process.arch}`;
  return ["cuda", "vulkan"].map((backend) => `@node-codellama/${platform}-${backend}`);
}

/**
 * Looks for the optional packages, beside this package and from the working folder up: package
 * managers that link put them where the application is.
 * @param llamaCommit - of the addon: a library of another one has another binary interface
 */
export function findBackendPackages(llamaCommit: string): readonly BackendPackage[] {
  return backendPackageNames().map((name) => {
    const file = findPackageFile(name);
    if (file === undefined) return { name, reason: "it is not installed" };
    const folder = dirname(file);
    const reason = refusal(file, llamaCommit);
    return reason === undefined ? { name, folder } : { name, folder, reason };
  });
}

interface Manifest {
  readonly llamaCommit?: unknown;
  readonly library?: { readonly file?: unknown; readonly bytes?: unknown };
}

function refusal(packageFile: string, llamaCommit: string): string | undefined {
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
  if (typeof file !== "string" || typeof bytes !== "number") return "it names no library";
  // The loader ends the process on a library that is cut off.
  const found = statSync(join(dirname(packageFile), "lib", file), { throwIfNoEntry: false })?.size;
  if (found === bytes) return undefined;
  return `its library ${file} has ${found ?? 0} of ${bytes} bytes: install it again`;
}

function shortCommit(commit: unknown): string {
  return typeof commit === "string" ? commit.slice(0, 9) : "of an unknown commit";
}
