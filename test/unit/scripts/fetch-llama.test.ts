import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";

// The script runs as a child process in a project of its own. The pin of the project names a small local package
// with a git bundle, like the real one. The tests use no network.
const repository = join(import.meta.dirname, "../../..");
const scratch = mkdtempSync(join(tmpdir(), "fetch-llama-"));
const registryPackage = join(scratch, "package");
const pin = {
  version: "v9",
  tag: "v9",
  commit: "",
  package: "",
  integrity: "",
  bundle: "llama.bundle",
};
let project: string;
let llama: string;

function git(cwd: string, ...args: string[]): string {
  const identity = ["-c", "user.name=test", "-c", "user.email=test@example.com"];
  return execFileSync("git", [...identity, ...args], { cwd, encoding: "utf8" }).trim();
}

function fetchLlama(env: NodeJS.ProcessEnv = {}): { code: number | null; says: string } {
  const script = join(project, "scripts/fetch-llama.mjs");
  const { LLAMA_CPP_DIR: _, ...inherited } = process.env;
  const { status, stderr } = spawnSync(process.execPath, [script], {
    encoding: "utf8",
    env: { ...inherited, XDG_CACHE_HOME: join(project, "cache"), ...env },
  });
  return { code: status, says: stderr };
}

function writePin(changes: Partial<typeof pin> = {}): void {
  writeFileSync(join(project, "native/llama.cpp.json"), JSON.stringify({ ...pin, ...changes }));
}

beforeAll(() => {
  const source = join(scratch, "source");
  mkdirSync(join(source, "include"), { recursive: true });
  writeFileSync(join(source, "CMakeLists.txt"), "");
  writeFileSync(join(source, "include/llama.h"), "");
  git(source, "init", "--quiet");
  git(source, "add", ".");
  git(source, "commit", "--quiet", "-m", "All of llama.cpp");
  mkdirSync(registryPackage);
  git(source, "bundle", "create", "--quiet", join(registryPackage, pin.bundle), "HEAD");
  const manifest = { name: "carrier", version: "1.0.0" };
  writeFileSync(join(registryPackage, "package.json"), JSON.stringify(manifest));
  execFileSync("npm", ["pack", "--silent"], { cwd: registryPackage });
  const archive = readFileSync(join(registryPackage, "carrier-1.0.0.tgz"));
  rmSync(join(registryPackage, "carrier-1.0.0.tgz"));
  pin.commit = git(source, "rev-parse", "HEAD");
  pin.package = `file:${registryPackage}`;
  pin.integrity = `sha512-${createHash("sha512").update(archive).digest("base64")}`;
});

beforeEach(() => {
  project = mkdtempSync(join(scratch, "project-"));
  llama = join(project, "native/llama.cpp");
  cpSync(join(repository, "scripts"), join(project, "scripts"), { recursive: true });
  mkdirSync(dirname(llama));
  writePin();
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

describe("fetch-llama", () => {
  test("fetches the source without its git folder, and prints nothing the second time", () => {
    expect(fetchLlama()).toMatchObject({ code: 0, says: expect.stringContaining("Fetching") });
    expect(existsSync(join(llama, "include/llama.h"))).toBe(true);
    expect(existsSync(join(llama, ".git"))).toBe(false);
    expect(fetchLlama()).toEqual({ code: 0, says: "" });
  });

  test("uses the cache for a second clone", () => {
    fetchLlama();
    rmSync(llama, { recursive: true });
    writePin({ package: "file:/nowhere" });
    expect(fetchLlama().code).toBe(0);
    expect(existsSync(join(llama, "include/llama.h"))).toBe(true);
  });

  test("discards a package with the wrong hash", () => {
    writePin({ integrity: `sha512-${"A".repeat(86)}==` });
    const { code, says } = fetchLlama();
    expect(code).toBe(1);
    expect(says).toContain("is not the package that native/llama.cpp.json pins");
    expect(says).toContain(`found    ${pin.integrity}`);
    expect(says).toContain("LLAMA_CPP_DIR");
    expect(existsSync(llama)).toBe(false);
    writePin();
    expect(fetchLlama().code).toBe(0);
  });

  test("refuses a bundle of another commit", () => {
    writePin({ commit: "0".repeat(40) });
    expect(fetchLlama()).toMatchObject({
      code: 1,
      says: expect.stringContaining(`holds commit ${pin.commit}, but ${"0".repeat(40)} is pinned`),
    });
    expect(existsSync(llama)).toBe(false);
    expect(existsSync(`${llama}.partial`)).toBe(false);
  });

  test("names the missing file of the package", () => {
    writePin({ bundle: "elsewhere.bundle" });
    const { code, says } = fetchLlama();
    expect(code).toBe(1);
    expect(says).toContain("does not contain package/elsewhere.bundle");
  });

  test("asks for git if it is not on PATH", () => {
    const programs = join(project, "programs");
    mkdirSync(programs);
    symlinkSync(process.execPath, join(programs, "node"));
    const { code, says } = fetchLlama({ PATH: programs });
    expect(code).toBe(1);
    expect(says).toContain("git is needed");
    expect(says).toContain("Install git, or set LLAMA_CPP_DIR");
  });

  test("gives advice without a network", () => {
    writePin({ package: "node-llama-cpp@3.22.1" });
    const { code, says } = fetchLlama({
      npm_config_registry: "http://127.0.0.1:9",
      npm_config_cache: join(project, "npm"),
      npm_config_fetch_retries: "0",
    });
    expect(code).toBe(1);
    expect(says).toContain(
      "node-llama-cpp@3.22.1, which carries llama.cpp's source, cannot be downl",
    );
    expect(says).toContain("127.0.0.1:9");
    expect(says).toContain("Check the network");
  });

  test("replaces an incomplete folder", () => {
    mkdirSync(join(llama, "include"), { recursive: true });
    mkdirSync(join(`${llama}.partial`, ".git"), { recursive: true });
    writeFileSync(join(llama, "stale.cpp"), "");
    const { code, says } = fetchLlama();
    expect(code).toBe(0);
    expect(says).toContain("incomplete or has another version");
    expect(existsSync(join(llama, "include/llama.h"))).toBe(true);
    expect(existsSync(join(llama, "stale.cpp"))).toBe(false);
    expect(existsSync(`${llama}.partial`)).toBe(false);
  });

  test("downloads again when the cached copy is damaged", () => {
    const cached = join(
      project,
      "cache/node-codellama",
      `llama.cpp-${pin.commit.slice(0, 12)}.bundle`,
    );
    mkdirSync(dirname(cached), { recursive: true });
    writeFileSync(cached, "no bundle");
    const { code, says } = fetchLlama();
    expect(code).toBe(0);
    expect(says).toContain("the cached copy is damaged");
  });

  test("uses LLAMA_CPP_DIR, and refuses a folder without llama.cpp", () => {
    expect(fetchLlama({ LLAMA_CPP_DIR: join(scratch, "source") })).toEqual({ code: 0, says: "" });
    const { code, says } = fetchLlama({ LLAMA_CPP_DIR: scratch });
    expect(code).toBe(1);
    expect(says).toContain("has no CMakeLists.txt and no include/llama.h");
  });
});
