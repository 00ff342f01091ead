// `npm run check`: format, lint and types. `npm run format` (--fix) mends what can be mended.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.mjs";
import { installPackages } from "./installed-packages.mjs";
import { root, runWhenMain } from "./project.mjs";
import { say } from "./terminal.mjs";

/** C++ files of this project, llama.cpp's left out. */
function cppFiles(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name === "llama.cpp" ? [] : cppFiles(path);
    return /\.(cc|h)$/.test(entry.name) ? [path] : [];
  });
}

await runWhenMain(import.meta, async (args) => {
  await installPackages();
  const fix = args.includes("--fix");
  const sources = ["native", "test/native", "bench/native"].flatMap(cppFiles);
  const tool = (path) => join("node_modules", path);
  const checks = {
    "JavaScript and TypeScript": [
      tool("@biomejs/biome/bin/biome"),
      ...["check", "--error-on-warnings", ...(fix ? ["--write"] : [])],
    ],
    "C++": [
      tool("clang-format-node/build/cli.js"),
      ...(fix ? ["-i"] : ["--dry-run", "-Werror"]),
      ...sources,
    ],
    Types: [tool("typescript/bin/tsc"), "--noEmit"],
    "Types of scripts/ and bench/": [
      tool("typescript/bin/tsc"),
      ...["--noEmit", "--project", "scripts"],
    ],
    "Types of the playground": [
      tool("typescript/bin/tsc"),
      ...["--noEmit", "--project", "lib/server/page"],
    ],
    "Arrows of lib/": [
      tool("dependency-cruiser/bin/dependency-cruise.mjs"),
      ...["--config", ".dependency-cruiser.mjs", "--ignore-known", "--output-type", "err", "lib"],
    ],
    "Arrows of native/": ["scripts/native-rooms.mjs"],
    "Option tables of the README": ["scripts/option-tables.mjs", ...(fix ? [] : ["--check"])],
  };
  for (const [name, [program, ...options]] of Object.entries(checks)) {
    say(`Checking ${name}`);
    const command = [process.execPath, join(root, program), ...options];
    await run(command, { cwd: root, show: "stdout" }).catch(() => {
      process.exitCode = 1;
    });
  }
});
