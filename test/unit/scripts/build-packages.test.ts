import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

// The script runs inside a small installed package. A local npm registry serves packages that have the real
// names and no content. No network is used.
const repository = join(import.meta.dirname, "../../..");
const scratch = temporaryFolder();
const names = ["cmake-js", "node-addon-api", "node-api-headers", "proper-lockfile"];
const version = "1.2.3";
let registry: Server;
let registryUrl: string;
let installed: string;

function packTarball(name: string): Buffer {
  const folder = join(scratch, "source", name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name, version }));
  execFileSync("npm", ["pack", "--silent"], { cwd: folder });
  return readFileSync(join(folder, `${name}-${version}.tgz`));
}

function startRegistry(tarballs: ReadonlyMap<string, Buffer>): Server {
  return createServer((request, response) => {
    const [name = "", isTarball] = (request.url ?? "").slice(1).split("/");
    const tarball = tarballs.get(name);
    if (!tarball) return response.writeHead(404).end();
    if (isTarball) return response.end(tarball);
    const dist = { tarball: `${registryUrl}/${name}/-.tgz` };
    const versions = { [version]: { name, version, dist } };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ name, "dist-tags": { latest: version }, versions }));
  });
}

function addPackage(folder: string, name: string, ofVersion: string): void {
  const target = join(folder, "node_modules", name);
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "package.json"), JSON.stringify({ name, version: ofVersion }));
}

/** Opens the build's packages in a process of its own. */
async function open(env: NodeJS.ProcessEnv = {}) {
  const program = `
    import { runWhenMain } from "./scripts/project.mjs";
    import { openBuildPackages } from "./scripts/build-packages.mjs";
    await runWhenMain(import.meta, async () => {
      const load = await openBuildPackages();
      console.log(load.resolve("cmake-js/package.json"));
    });`;
  const script = join(installed, "open.mjs");
  writeFileSync(script, program);
  const child = spawn(process.execPath, [script], {
    env: {
      ...process.env,
      npm_config_registry: registryUrl,
      npm_config_cache: join(scratch, "npm-cache"),
      npm_config_fetch_retries: "0",
      ...env,
    },
  });
  const ends = [once(child, "exit"), text(child.stdout), text(child.stderr)] as const;
  const [[exitCode], stdout, stderr] = await Promise.all(ends);
  return { exitCode, path: stdout.trim(), says: stderr };
}

beforeAll(async () => {
  registry = startRegistry(new Map(names.map((name) => [name, packTarball(name)])));
  registry.listen(0, "127.0.0.1");
  await once(registry, "listening");
  const address = registry.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  registryUrl = `http://127.0.0.1:${address.port}`;
});

afterAll(() => registry.close());

beforeEach(() => {
  installed = mkdtempSync(join(scratch, "installed-"));
  cpSync(join(repository, "scripts"), join(installed, "scripts"), { recursive: true });
  const devDependencies = Object.fromEntries(names.map((name) => [name, version]));
  writeFileSync(join(installed, "package.json"), JSON.stringify({ devDependencies }));
});

describe("the packages that a build needs", () => {
  test("are downloaded once, with their exact versions", async () => {
    const first = await open();
    expect(first).toMatchObject({ exitCode: 0 });
    expect(first.says).toContain(`cmake-js@${version}`);
    expect(first.path).toContain(join(installed, ".cache/build-packages/node_modules"));
    expect(await open()).toEqual({ exitCode: 0, path: first.path, says: "" });
  });

  test("are taken from node_modules in a clone", async () => {
    for (const name of names) addPackage(installed, name, version);
    const { path, says } = await open();
    expect(path).toBe(join(installed, "node_modules/cmake-js/package.json"));
    expect(says).toBe("");
  });

  test("are downloaded when the surrounding project has another version", async () => {
    for (const name of names) addPackage(installed, name, "9.9.9");
    const { path } = await open();
    expect(path).toContain(".cache/build-packages");
  });

  test("are downloaded by two builds at once without conflict", async () => {
    const [one, other] = await Promise.all([open(), open()]);
    expect(one).toMatchObject({ exitCode: 0, path: other.path });
    expect(other.exitCode).toBe(0);
  });

  test("are reported with npm's reason when the registry cannot be reached", async () => {
    const { exitCode, says } = await open({ npm_config_registry: "http://127.0.0.1:9" });
    expect(exitCode).toBe(1);
    expect(says).toContain("The packages that the build needs cannot be downloaded: ");
    expect(says).toContain("127.0.0.1:9");
    expect(says).toContain("Check the network");
    expect(existsSync(join(installed, ".cache/build-packages"))).toBe(false);
  });
});

test("every package of the build has an exact version, and users do not install it", () => {
  const manifest: Record<"dependencies" | "devDependencies", Record<string, string>> = JSON.parse(
    readFileSync(join(repository, "package.json"), "utf8"),
  );
  for (const name of names) {
    expect(manifest.devDependencies[name]).toMatch(/^\d+\.\d+\.\d+$/);
    expect(manifest.dependencies).not.toHaveProperty(name);
  }
});
