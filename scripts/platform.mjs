import { existsSync } from "node:fs";

/** Platforms with prebuilt binaries, as in the names of their packages. */
export const releasePlatforms = [
  "linux-x64",
  "linux-arm64",
  "darwin-arm64",
  "darwin-x64",
  "win32-x64",
];

/** The C library of this machine. Undefined outside Linux. */
export function libcOfThisMachine() {
  if (process.platform !== "linux") return undefined;
  return existsSync("/etc/alpine-release") ? "musl" : "glibc";
}

/**
 * The name of this machine in package names, and the fields that npm checks before it installs a package.
 * @returns {{name: string, os: string[], cpu: string[], libc?: string[]}}
 */
export function thisPlatform() {
  const { platform, arch } = process;
  const libc = libcOfThisMachine();
  return {
    name: `${platform}-${arch}${libc === "musl" ? "-musl" : ""}`,
    os: [platform],
    cpu: [arch],
    ...(libc && { libc: [libc] }),
  };
}

/** Name of the package with a platform's binaries, or with one of its GPU backends. */
export function platformPackageName(platform, backend) {
  return `@node-codellama/${platform}${backend ? `-${backend}` : ""}`;
}
