import { existsSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { isError } from "../base/brands.ts";
import { addonFile } from "./addon-file.ts";
import { type BackendPackage, findBackendPackages } from "./backend-packages.ts";
import { addon, type NativeBackend } from "./binding.ts";
import type { DeviceInfo } from "./device-info.ts";
import { listDevices } from "./devices.ts";
import { packageVersion } from "./package-file.ts";

/** Facts about this installation, and advice where something is missing. */
export interface Diagnosis {
  readonly version: string;
  readonly node: string;
  /** Operating system and processor architecture, such as `"linux-x64"`. */
  readonly platform: string;
  /** C library, such as `"glibc 2.41"` or `"musl"`. Linux only. */
  readonly libc?: string;
  readonly processor: string;
  /** The addon's file and llama.cpp commit, or why the addon cannot be loaded. */
  readonly addon:
    | { readonly path: string; readonly llamaCommit: string }
    | { readonly error: string };
  readonly backends: readonly NativeBackend[];
  readonly devices: readonly DeviceInfo[];
  readonly packages: readonly BackendPackage[];
  readonly nvidiaDriver: boolean;
  /** Sentences that each say one thing to do. Empty if nothing is missing. */
  readonly advice: readonly string[];
}

/** Collects everything that decides whether models run and on which device. Never rejects. */
export async function diagnose(): Promise<Diagnosis> {
  const found = await inspectAddon();
  const facts = { ...found, nvidiaDriver: hasNvidiaDriver() };
  return {
    version: packageVersion(),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    ...cLibrary(),
    processor: `${cpus()[0]?.model ?? "unknown"}, ${cpus().length} logical processors`,
    ...facts,
    advice: advise(facts),
  };
}

type AddonFacts = Pick<Diagnosis, "addon" | "backends" | "devices" | "packages">;

async function inspectAddon(): Promise<AddonFacts> {
  try {
    const { llamaCommit } = addon();
    return {
      addon: { path: addonFile(), llamaCommit },
      backends: await addon().backends(),
      devices: await listDevices(),
      packages: findBackendPackages(llamaCommit),
    };
  } catch (error) {
    const message = isError(error) ? error.message : String(error);
    return { addon: { error: message }, backends: [], devices: [], packages: [] };
  }
}

function cLibrary(): { libc?: string } {
  if (process.platform !== "linux") return {};
  const report = process.report?.getReport() as { header?: { glibcVersionRuntime?: string } };
  const version = report?.header?.glibcVersionRuntime;
  return { libc: version === undefined ? "musl" : `glibc ${version}` };
}

function hasNvidiaDriver(): boolean {
  if (process.platform === "win32") {
    return existsSync(join(process.env.SystemRoot ?? "C:\\Windows", "System32", "nvcuda.dll"));
  }
  return existsSync("/proc/driver/nvidia/version") || existsSync("/dev/nvidiactl");
}

function advise(facts: AddonFacts & Pick<Diagnosis, "nvidiaDriver">): string[] {
  const { addon, backends, devices, packages, nvidiaDriver } = facts;
  if ("error" in addon) {
    return ["Compile the addon: npx node-codellama build (needs cmake and a C++20 compiler)."];
  }
  const isLoaded = (name: string) => backends.some(({ backend }) => backend === name);
  const failed = backends.find(({ path, error }) => error !== undefined && /cuda/.test(path));
  const cuda = packages.find(({ name }) => name.endsWith("-cuda"));
  const advice: string[] = [];
  if (failed?.error?.match(/libcud(art|a|blas)|nvcuda|cudart|cublas/)) {
    advice.push(
      "A library of CUDA or of the NVIDIA driver is missing: install the CUDA runtime that the backend's error names, and an NVIDIA driver that supports it.",
    );
  } else if (nvidiaDriver && !isLoaded("CUDA") && failed === undefined) {
    const install =
      cuda?.folder === undefined && cuda !== undefined ? `npm install ${cuda.name}, or ` : "";
    advice.push(
      `This machine has an NVIDIA driver, but the CUDA backend is missing: ${install}compile it with npx node-codellama build --cuda (needs the CUDA toolkit).`,
    );
  }
  if (isLoaded("CUDA") && !devices.some(({ backend }) => backend === "CUDA")) {
    advice.push("The CUDA backend finds no GPU: check nvidia-smi and CUDA_VISIBLE_DEVICES.");
  }
  for (const { name, folder, reason } of packages) {
    if (folder !== undefined && reason !== undefined)
      advice.push(`${name} is not used: ${reason}.`);
  }
  return advice;
}
