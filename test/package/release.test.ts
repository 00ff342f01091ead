import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  minutes,
  model,
  npmPack,
  type Outcome,
  Project,
  pathWithOnly,
  repository,
  scratchFolder,
} from "./project.ts";

// Installs and runs the packages of a release like a user. This takes minutes, because one test compiles
// llama.cpp from the tarball.
const scratch = scratchFolder();
const platform = `${process.platform}-${process.arch}`;
let main: string;
let binaries: string;

beforeAll(() => {
  execFileSync(process.execPath, [join(repository, "scripts/pack-release.mjs")]);
  const packages = join(repository, "build-packages");
  main = npmPack(join(packages, "node-codellama"), scratch).tarball;
  binaries = npmPack(join(packages, "@node-codellama", platform), scratch).tarball;
}, 5 * minutes);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function expectText(outcomes: readonly Outcome[], folder: string) {
  expect(outcomes).toHaveLength(2);
  for (const { text, addon } of outcomes) {
    expect(text).not.toBe("");
    expect(addon).toContain(folder);
  }
}

const binaryFolder = join("@node-codellama", platform, "prebuilds", platform);

describe("with the platform's package, and no compiler on PATH", () => {
  test("npm installs a package that runs", { timeout: 5 * minutes }, () => {
    const project = new Project(scratch, pathWithOnly(scratch, "node", "sh"));
    const { status, output } = project.npmInstall(main, binaries);
    expect(status, output).toBe(0);
    expect(output).not.toMatch(/install.script/i);
    expectText(project.runPrograms(), binaryFolder);
  });

  test("pnpm installs a package that runs, and blocks no script", { timeout: 5 * minutes }, () => {
    const tools = new Project(scratch);
    const { status: toolStatus, output: toolOutput } = tools.npmInstall("pnpm@12");
    expect(toolStatus, toolOutput).toBe(0);
    const bin = join(tools.folder, "node_modules/pnpm/bin");
    const pnpm = readdirSync(bin).find((name) => /^pnpm\.m?js$/.test(name)) ?? "";
    const project = new Project(scratch, pathWithOnly(scratch, "node", "sh"));
    const { status, output } = project.node(join(bin, pnpm), "add", main, binaries);
    expect(status, output).toBe(0);
    expect(output).not.toMatch(/ignored build scripts/i);
    expectText(project.runPrograms(), binaryFolder);
  });
});

test("works in Jest", { timeout: 10 * minutes }, () => {
  const project = new Project(scratch, process.env.PATH, { MODEL_PATH: model });
  const { status, output } = project.npmInstall(main, binaries, "jest@30");
  expect(status, output).toBe(0);
  const suite = "jest-suite.test.cjs";
  copyFileSync(join(repository, "test/fixtures", suite), join(project.folder, suite));
  const run = project.node(join("node_modules", "jest", "bin", "jest.js"));
  expect(run.status, run.output).toBe(0);
  expect(run.output).toMatch(/Tests: +4 passed, 4 total/);
});

test("compiles from the sources in the tarball", { timeout: 25 * minutes }, () => {
  // Without git, llama.cpp cannot be fetched, so its source must come from the tarball,
  // and the build patches it with `patch`.
  const noGit = mkdtempSync(join(scratch, "path-"));
  writeFileSync(join(noGit, "git"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const project = new Project(scratch, noGit + delimiter + process.env.PATH);
  const { status, output } = project.npmInstall(main);
  expect(status, output).toBe(0);
  const cli = join(project.folder, "node_modules/node-codellama/dist/cli/main.js");
  const before = project.node(cli, "doctor");
  expect(before.status).toBe(1);
  expect(before.output).toContain("npx node-codellama build");
  const built = project.node(cli, "build");
  expect(built.status, built.output).toBe(0);
  expectText(project.runPrograms(), join("build", "Release"));
});

const isGlibc = process.platform === "linux" && /glibc/.test(readdirSync(prebuilds()).join());

function prebuilds(): string {
  return join(repository, "prebuilds", platform);
}

test.runIf(isGlibc)("the binaries load on glibc 2.28 (skipped outside Linux with glibc)", () => {
  const libraries = readdirSync(prebuilds()).filter((name) => /\.(node|so)$/.test(name));
  expect(libraries.length).toBeGreaterThan(10);
  for (const name of libraries) {
    const symbols = execFileSync("objdump", ["-T", join(prebuilds(), name)], { encoding: "utf8" });
    const needed = symbols.split("\n").filter((line) => line.includes("*UND*"));
    const minors = needed.flatMap((line) =>
      [...line.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor)),
    );
    expect(minors.length, name).toBeGreaterThan(0);
    expect(Math.max(...minors), name).toBeLessThanOrEqual(28);
    // The standard C++ library is linked statically.
    expect(symbols, name).not.toMatch(/\*UND\*.*(GLIBCXX|CXXABI)_/);
  }
});

// Node.js exports C++ functions too. It aborts when its copy frees objects of our libstdc++.
test.runIf(isGlibc)(
  "the binaries call no C++ function of Node.js (skipped outside Linux with glibc)",
  () => {
    const addon = readdirSync(prebuilds()).find((name) => name.endsWith(".node")) ?? "";
    const load = `process.dlopen({ exports: {} }, ${JSON.stringify(join(prebuilds(), addon))})`;
    const { status, stderr } = spawnSync(process.execPath, ["-e", load], {
      encoding: "utf8",
      env: { ...process.env, LD_BIND_NOW: "1", LD_DEBUG: "bindings" },
      maxBuffer: 2 ** 30,
    });
    expect(status).toBe(0);
    const bindings = stderr
      .split("\n")
      .filter((line) => line.includes(`binding file ${prebuilds()}`));
    expect(bindings.length).toBeGreaterThan(100);
    const foreign = bindings.filter(
      (line) => / symbol `_Z/.test(line) && !line.includes(` to ${prebuilds()}`),
    );
    expect(foreign).toEqual([]);
  },
);
