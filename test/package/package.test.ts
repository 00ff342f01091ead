import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

// The tarball as npm would publish it, installed and run as a user would. Minutes long: compiling
// llama.cpp from the tarball is the point of one test.
const repository = join(import.meta.dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "package-"));
const model = join(repository, "models/codellama-tiny/codellama-tiny-Q4_K_M.gguf");
const minutes = 60_000;
let tarball: string;
let files: string[];

const generate = `async function generate({ CodeLlama }) {
  const llama = await CodeLlama.load(process.argv[2]);
  const { text } = await llama.generate("def fibonacci(n", { maxTokens: 8, temperature: 0 });
  await llama.close();
  const { sharedObjects } = process.report.getReport();
  console.log(JSON.stringify({ text, addon: sharedObjects.find((path) => path.endsWith(".node")) }));
}`;

const programs = {
  "import.mjs": `${generate}\nawait generate(await import("node-codellama"));`,
  "require.cjs": `${generate}\ngenerate(require("node-codellama"));`,
};

/** A folder for PATH that holds the named programs and nothing else. */
function pathWithOnly(...names: string[]): string {
  const folder = mkdtempSync(join(scratch, "path-"));
  for (const name of names) symlinkSync(findProgram(name), join(folder, name));
  return folder;
}

function findProgram(name: string): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (!found) throw new Error(`${name} is not on PATH`);
  return realpathSync(found);
}

/** The environment of a newcomer, without the variables of the npm that runs this test. */
function environment(path: string): NodeJS.ProcessEnv {
  const isTheirs = ([name]: [string, unknown]) => !/^npm_(?!config_)|^LLAMA_/.test(name);
  return { ...Object.fromEntries(Object.entries(process.env).filter(isTheirs)), PATH: path };
}

/** Installs a tarball into an empty project and runs both kinds of program there. */
function installAndRun(archive: string, path: string) {
  const project = mkdtempSync(join(scratch, "project-"));
  const env = environment(path);
  writeFileSync(join(project, "package.json"), "{}");
  const npm = [
    findProgram("npm"),
    "install",
    archive,
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
  ];
  const { status, stderr } = spawnSync(process.execPath, npm, {
    cwd: project,
    env,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  return Object.entries(programs).map(([name, source]) => {
    writeFileSync(join(project, name), source);
    const options = { cwd: project, env, encoding: "utf8" } as const;
    return JSON.parse(execFileSync(process.execPath, [name, model], options)) as {
      text: string;
      addon: string;
    };
  });
}

beforeAll(() => {
  const npm = ["pack", "--json", "--pack-destination", scratch];
  const options = { cwd: repository, encoding: "utf8", stdio: "pipe" } as const;
  const [packed] = JSON.parse(execFileSync("npm", npm, options));
  tarball = join(scratch, packed.filename);
  files = packed.files.map(({ path }: { path: string }) => path);
}, 5 * minutes);

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("the packed tarball", () => {
  test("carries what runs and what compiles, and nothing else", () => {
    const folders = new Set(files.map((path) => path.split("/")[0]));
    expect([...folders].sort()).toEqual([
      "LICENSE",
      "README.md",
      "binding.gyp",
      "dist",
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

  test("satisfies publint", () => {
    const publint = join(repository, "node_modules/publint/src/cli.js");
    const { status, stdout, stderr } = spawnSync(process.execPath, [publint, tarball, "--strict"], {
      encoding: "utf8",
    });
    expect(status, stdout + stderr).toBe(0);
    expect(stdout).toContain("All good");
  });

  test("satisfies arethetypeswrong", () => {
    const attw = join(repository, "node_modules/@arethetypeswrong/cli/dist/index.js");
    // No Node.js that this package runs on resolves in the way of version 10.
    const command = [attw, tarball, "--profile", "node16"];
    const { status, stdout } = spawnSync(process.execPath, command, { encoding: "utf8" });
    expect(status, stdout).toBe(0);
    for (const name of ["", "/server", "/ai-sdk", "/langchain"]) {
      expect(stdout).toContain(`"node-codellama${name}"`);
    }
  });

  test("runs on its prebuilt binary with no compiler on PATH", { timeout: 5 * minutes }, () => {
    const results = installAndRun(tarball, pathWithOnly("node", "sh"));
    for (const { text, addon } of results) {
      expect(text).not.toBe("");
      expect(addon).toContain(join("prebuilds", `${process.platform}-${process.arch}`));
    }
  });

  test("compiles from the sources that it carries", { timeout: 20 * minutes }, () => {
    const unpacked = join(scratch, "unpacked");
    mkdirSync(unpacked);
    execFileSync("tar", ["-xzf", tarball, "-C", unpacked]);
    rmSync(join(unpacked, "package/prebuilds"), { recursive: true });
    const withoutPrebuilds = join(scratch, "without-prebuilds.tgz");
    execFileSync("tar", ["-czf", withoutPrebuilds, "-C", unpacked, "package"]);
    // Without git nothing can be fetched: the source must have come with the tarball.
    const noGit = mkdtempSync(join(scratch, "path-"));
    writeFileSync(join(noGit, "git"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
    const results = installAndRun(withoutPrebuilds, noGit + delimiter + process.env.PATH);
    for (const { text, addon } of results) {
      expect(text).not.toBe("");
      expect(addon).toContain(join("build", "Release"));
    }
  });
});
