import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { minutes, npmPack, repository, scratchFolder } from "./project.ts";

// The tarball that `npm pack` makes of the repository.
const scratch = scratchFolder();
let tarball: string;
let files: readonly string[];

beforeAll(() => {
  ({ tarball, files } = npmPack(repository, scratch));
}, 5 * minutes);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test("contains the files to run and to compile, and nothing else", () => {
  const folders = new Set(files.map((path) => path.split("/")[0]));
  expect([...folders].sort()).toEqual([
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "bench",
    "binding.gyp",
    "dist",
    "examples",
    "native",
    "package.json",
    "prebuilds",
    "scripts",
  ]);
  expect(files).toContain("native/llama.cpp/.commit");
  expect(files).toContain("native/llama.cpp/LICENSE");
  expect(files.filter((path) => /\.gguf$|llama\.cpp\/(models|tools|tests)\//.test(path))).toEqual(
    [],
  );
});

test("contains every file that its README links to", () => {
  const readme = readFileSync(join(repository, "README.md"), "utf8");
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)].map(([, path = ""]) => path);
  expect(links.length).toBeGreaterThan(0);
  expect(links.filter((path) => !files.includes(path))).toEqual([]);
});

test("has no install script, which package managers run or block", () => {
  const { scripts, gypfile } = JSON.parse(
    readFileSync(join(repository, "package.json"), "utf8"),
  ) as { scripts: object; gypfile: boolean };
  expect(Object.keys(scripts).filter((name) => /^(pre|post)?install$/.test(name))).toEqual([]);
  expect(gypfile).toBe(false);
});

test("satisfies publint", () => {
  const publint = join(repository, "node_modules/publint/src/cli.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [publint, tarball, "--strict"], {
    encoding: "utf8",
  });
  expect(status, stdout + stderr).toBe(0);
  expect(stdout).toContain("All good");
});

test("satisfies arethetypeswrong, TypeScript's old node10 resolution included", () => {
  const attw = join(repository, "node_modules/@arethetypeswrong/cli/dist/index.js");
  const command = [attw, tarball, "--profile", "strict"];
  const { status, stdout } = spawnSync(process.execPath, command, { encoding: "utf8" });
  expect(status, stdout).toBe(0);
  for (const name of ["", "/server", "/ai-sdk", "/langchain"]) {
    expect(stdout).toContain(`"node-codellama${name}"`);
  }
});
