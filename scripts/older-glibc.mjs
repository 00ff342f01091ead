// Links binaries that run on Linux distributions older than the build machine. A linker binds each function to
// the newest version in libc.so.6, and glibc 2.34 gave pthread_create and dlopen new versions. So the linker
// gets stub libraries, which have only the versions up to a limit.
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { findProgram, run } from "./command.mjs";
import { Failure, root } from "./project.mjs";

/** The glibc of RHEL 8 and Debian 10. Node.js 20 needs it too. */
export const oldestGlibc = "2.28";

const compiler = process.env.CC ?? "cc";

/** glibc 2.34 moved these libraries into libc.so.6. Older systems look for their functions here. */
const movedLibraries = { "libpthread.so.0": /^(pthread|sem)_/, "libdl.so.2": /^dl/ };

/**
 * Whether this machine can make such binaries: it needs Linux with glibc, and binutils.
 * @returns {boolean}
 */
export function canTargetOlderGlibc() {
  if (process.platform !== "linux" || findProgram("objdump") === undefined) return false;
  /** @type {{header?: {glibcVersionRuntime?: string}}} */
  const report = process.report.getReport();
  return report.header?.glibcVersionRuntime !== undefined;
}

/** Whether a folder has all stub libraries. libm.so is written last. */
export function hasGlibcStubs(folder) {
  return existsSync(join(folder, "libm.so"));
}

/**
 * Makes the stub libraries.
 * @param {string} folder emptied first
 * @param {string} limit the newest glibc version that binaries may need
 */
export async function makeGlibcStubs(folder, limit = oldestGlibc) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const libraries = splitAsBefore(await exportedSymbols("libc.so.6"));
  libraries.set("libm.so.6", await exportedSymbols("libm.so.6"));
  for (const [name, symbols] of libraries) {
    await makeStub(folder, name, newestUpTo(symbols, limit));
  }
  const compatibility = join(folder, "compatibility.o");
  await run([
    compiler,
    ...["-O2", "-fPIC", "-fvisibility=hidden", "-c", "-o", compatibility],
    join(root, "native/glibc/compatibility.c"),
  ]);
  await run(["ar", "crs", join(folder, "libcompatibility.a"), compatibility]);
  const path = (name) => join(folder, name);
  const nonshared = await pathOfLibrary("libc_nonshared.a");
  const loader = await pathOfLibrary(`ld-linux-${loaderSuffix()}`);
  const names = ["libc.so.6", ...Object.keys(movedLibraries), "libcompatibility.a"];
  const group = [...names.map(path), nonshared].join(" ");
  writeFileSync(path("libc.so"), `GROUP ( ${group} AS_NEEDED ( ${loader} ) )\n`);
  writeFileSync(path("libm.so"), `GROUP ( ${path("libm.so.6")} )\n`);
}

/**
 * Lists the functions of binaries that need a glibc newer than the limit.
 * @param {string[]} files
 * @param {string} limit
 * @returns {Promise<string[]>} such as "addon.node: pthread_create of glibc 2.34"
 */
export async function newerThan(files, limit = oldestGlibc) {
  const found = [];
  for (const file of files) {
    for (const { name, version, isDefined } of await dynamicSymbols(file)) {
      if (isDefined || version === undefined || isAtMost(version, limit)) continue;
      found.push(`${basename(file)}: ${name} of glibc ${version}`);
    }
  }
  return found;
}

function loaderSuffix() {
  return process.arch === "arm64" ? "aarch64.so.1" : "x86-64.so.2";
}

async function pathOfLibrary(name) {
  const path = (await run([compiler, `-print-file-name=${name}`])).trim();
  if (path !== name) return path;
  throw new Failure(`The C compiler does not find ${name}.`, "Install the C library's headers.");
}

async function exportedSymbols(name) {
  const symbols = await dynamicSymbols(await pathOfLibrary(name));
  return symbols.filter(({ isDefined }) => isDefined);
}

/** The symbols of libc.so.6, by the library that had them before glibc 2.34. Moved symbols have version 2.34. */
function splitAsBefore(symbols) {
  const moved = new Set(
    symbols.filter(({ version }) => version === "2.34").map(({ name }) => name),
  );
  const homeOf = ({ name }) =>
    Object.keys(movedLibraries).find((each) => moved.has(name) && movedLibraries[each].test(name));
  const libraries = new Map();
  for (const symbol of symbols) {
    const home = homeOf(symbol) ?? "libc.so.6";
    libraries.set(home, [...(libraries.get(home) ?? []), symbol]);
  }
  return libraries;
}

/** The symbols that `objdump -T` lists, one per line. Old versions are in parentheses. */
async function dynamicSymbols(file) {
  const lines = (await run(["objdump", "-T", file])).split("\n");
  return lines.flatMap((line) => {
    const match = /^[0-9a-f]+ (.{7}) (\S+)\s+([0-9a-f]+)\s+\(?(?:GLIBC_([\d.]+)\)?)?\s+(\S+)$/.exec(
      line,
    );
    if (match === null) return [];
    const [, flags = "", section, size = "", version, name = ""] = match;
    // These lines name the versions, not symbols.
    if (section === "*ABS*") return [];
    return [
      {
        name,
        version,
        size: Number.parseInt(size, 16),
        isObject: flags[6] === "O",
        isDefined: section !== "*UND*",
      },
    ];
  });
}

/** The newest version of each symbol up to the limit. */
function newestUpTo(symbols, limit) {
  const newest = new Map();
  for (const symbol of symbols) {
    if (symbol.version === undefined || !isAtMost(symbol.version, limit)) continue;
    const known = newest.get(symbol.name);
    if (known === undefined || isAtMost(known.version, symbol.version)) {
      newest.set(symbol.name, symbol);
    }
  }
  return [...newest.values()];
}

function isAtMost(version, limit) {
  const numbers = (text) => text.split(".").map(Number);
  const [a, b] = [numbers(version), numbers(limit)];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) < (b[i] ?? 0);
  }
  return true;
}

/** Makes a library of empty functions. The linker reads its names and versions, and nothing runs it. */
async function makeStub(folder, name, symbols) {
  const assembly = symbols.flatMap((symbol, index) => [
    `.globl stub_${index}`,
    `.type stub_${index}, ${symbol.isObject ? "%object" : "%function"}`,
    `stub_${index}: .skip ${Math.max(symbol.size, 1)}`,
    `.size stub_${index}, ${symbol.size}`,
    `.symver stub_${index}, ${symbol.name}@@GLIBC_${symbol.version}`,
  ]);
  const versions = new Set(symbols.map(({ version }) => version));
  const source = join(folder, `${name}.s`);
  const script = join(folder, `${name}.map`);
  writeFileSync(source, `.data\n${assembly.join("\n")}\n.section .note.GNU-stack,"",%progbits\n`);
  writeFileSync(script, [...versions].map((version) => `GLIBC_${version} { };\n`).join(""));
  await run([
    compiler,
    ...["-shared", "-nostdlib", `-Wl,-soname,${name}`],
    ...(versions.size > 0 ? [`-Wl,--version-script=${script}`] : []),
    ...["-o", join(folder, name), source],
  ]);
}
