// A new user's project: an empty folder, a package manager, and two programs that use the package.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

export const repository = join(import.meta.dirname, "../..");
export const model = join(repository, "models/codellama-tiny/codellama-tiny-Q4_K_M.gguf");
export const minutes = 60_000;

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

export interface Outcome {
  readonly text: string;
  /** Path of the loaded addon. */
  readonly addon: string;
}

/** A folder for PATH that contains only the named programs. */
export function pathWithOnly(scratch: string, ...names: string[]): string {
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

/** The environment of a new user, without the variables of the npm that runs this test. */
function environment(path: string): NodeJS.ProcessEnv {
  const isTheirs = ([name]: [string, unknown]) => !/^npm_(?!config_)|^LLAMA_/.test(name);
  return { ...Object.fromEntries(Object.entries(process.env).filter(isTheirs)), PATH: path };
}

/** An empty project, and the programs that run in it. */
export class Project {
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;

  constructor(scratch: string, path = process.env.PATH ?? "", variables = {}) {
    this.folder = mkdtempSync(join(scratch, "project-"));
    this.#env = { ...environment(path), ...variables };
    writeFileSync(join(this.folder, "package.json"), "{}");
  }

  /** Runs a Node.js program, such as a package manager. */
  node(...command: string[]) {
    const options = { cwd: this.folder, env: this.#env, encoding: "utf8" } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, command, options);
    return { status, output: stdout + stderr };
  }

  npmInstall(...packages: string[]) {
    const flags = ["--prefer-offline", "--no-audit", "--no-fund"];
    return this.node(findProgram("npm"), "install", ...packages, ...flags);
  }

  /** Runs the ESM and the CommonJS program. */
  runPrograms(): readonly Outcome[] {
    return Object.entries(programs).map(([name, source]) => {
      writeFileSync(join(this.folder, name), source);
      const options = { cwd: this.folder, env: this.#env, encoding: "utf8" } as const;
      return JSON.parse(execFileSync(process.execPath, [name, model], options)) as Outcome;
    });
  }
}

/** Packs a package folder. Returns the tarball, and the paths in it. */
export function npmPack(folder: string, destination: string) {
  const npm = ["pack", "--json", "--pack-destination", destination];
  const options = { cwd: folder, encoding: "utf8", stdio: "pipe" } as const;
  const [packed] = JSON.parse(execFileSync("npm", npm, options)) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  return {
    tarball: join(destination, packed.filename),
    files: packed.files.map(({ path }) => path),
  };
}

export function scratchFolder(): string {
  return mkdtempSync(join(tmpdir(), "package-"));
}
