// Checks the C++ sources, as part of `npm run check`. A file of native/engine includes only its own
// room and the rooms below it. Only the room llama includes llama.h. Files and functions are short.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Failure, root, runWhenMain } from "./project.mjs";

/** Rooms of native/engine from the ground up. Rooms of one floor do not include each other. */
const floors = [
  ["base"],
  ["gguf", "regex"],
  ["text"],
  ["kv"],
  ["grammar"],
  ["schema"],
  ["schedule"],
  ["llama"],
  ["sampling"],
  ["speculate"],
  ["core"],
];
const floorOf = new Map(floors.flatMap((rooms, floor) => rooms.map((room) => [room, floor])));
const longestFile = 400; // lines
const longestFunction = 60; // lines

/** @param {string} folder */
function sources(folder) {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(cc|h)$/.test(name) && !name.startsWith("llama.cpp"))
    .map((name) => join(root, folder, name));
}

/** @param {string} file */
function problemsOf(file) {
  const text = readFileSync(file, "utf8");
  const name = relative(root, file);
  const [, room] = /^native\/engine\/([^/]+)\//.exec(name) ?? [];
  const includes = Array.from(text.matchAll(/^#include ["<]([^">]+)[">]/gm), ([, path]) => path);
  const problems = includes
    .filter((path) => !mayInclude(room, path, name))
    .map((path) => `${name} must not include ${path}`);
  const lines = text.split("\n");
  if (lines.length - 1 > longestFile) {
    problems.push(`${name} has ${lines.length - 1} lines; the limit is ${longestFile}`);
  }
  if (name.startsWith("native/")) problems.push(...longFunctions(name, lines));
  return problems;
}

/**
 * Functions outside classes. clang-format puts their first and last lines at the margin.
 * @param {string} name
 * @param {readonly string[]} lines
 */
function longFunctions(name, lines) {
  const problems = [];
  let start = -1;
  for (const [index, line] of lines.entries()) {
    if (/^[^\s#/}].*[^;]$/.test(line) && !/^(namespace|extern)\b/.test(line) && start < 0)
      start = index;
    if (/;$/.test(line) && !/^\s/.test(line)) start = -1;
    if (line !== "}" || start < 0) continue;
    const length = index - start + 1;
    if (length > longestFunction) {
      problems.push(
        `${name}:${start + 1}: a function of ${length} lines; the limit is ${longestFunction}`,
      );
    }
    start = -1;
  }
  return problems;
}

/**
 * @param {string | undefined} room - of native/engine; undefined for files outside
 * @param {string} path - as the include names it
 * @param {string} name - the including file
 */
function mayInclude(room, path, name) {
  if (path === "llama.h") return room === "llama" || !name.startsWith("native/");
  const [, wanted] = /^engine\/([^/]+)\//.exec(path) ?? [];
  if (room === undefined) return true;
  if (path.startsWith("addon/")) return false;
  if (wanted === undefined || wanted === room) return true;
  return (floorOf.get(wanted) ?? Number.POSITIVE_INFINITY) < (floorOf.get(room) ?? -1);
}

await runWhenMain(import.meta, () => {
  const problems = [
    ...sources("native"),
    ...sources("test/native"),
    ...sources("bench/native"),
  ].flatMap(problemsOf);
  if (problems.length > 0) throw new Failure(problems.join("\n"));
});
