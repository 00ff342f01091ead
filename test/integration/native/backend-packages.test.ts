import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { CodeLlama } from "../../../lib/index.ts";
import { backendPackageNames } from "../../../lib/native/backend-packages.ts";
import type { Diagnosis } from "../../../lib/native/diagnosis.ts";
import { reproducible, runCommand } from "../../helpers/command-line.ts";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

// A real backend that needs no GPU, built like the ones in packages (see native/CMakeLists.txt).
const library = fileURLToPath(new URL("../../../build/Release/test_backend.bin", import.meta.url));
const script = new URL("../../../scripts/pack-backend.mjs", import.meta.url).href;
const { writeBackendPackage } = (await import(script)) as {
  writeBackendPackage(library: string, backend: string, folder: string): Promise<number>;
};

const [cuda = ""] = backendPackageNames();
/** llama.cpp uses the first of two libraries with the same backend, which is the build's own. */
const hasOwnCuda = (await CodeLlama.devices()).some(({ backend }) => backend === "CUDA");
const folder = temporaryFolder();

type Change = (packageFolder: string) => void;

/** Creates an application with the optional package, built by the project's script, and changes it. */
async function install(name: string, change: Change = () => {}): Promise<string> {
  const application = join(folder, name);
  const packageFolder = join(application, "node_modules", cuda);
  mkdirSync(packageFolder, { recursive: true });
  await writeBackendPackage(library, "cuda", packageFolder);
  change(packageFolder);
  return application;
}

async function diagnose(cwd: string): Promise<Diagnosis> {
  const { stdout, code } = await runCommand(["doctor", "--json"], { cwd });
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

const cudaOf = ({ packages }: Diagnosis) => packages.find(({ name }) => name === cuda);

const withoutOwnCuda = test.skipIf(hasOwnCuda);

withoutOwnCuda(
  "finds a package of the same llama.cpp and loads its backend if there is no other",
  async () => {
    const diagnosis = await diagnose(await install("whole"));
    expect(cudaOf(diagnosis)?.reason).toBeUndefined();
    const file = join(cuda, "lib");
    const loaded = diagnosis.backends.find(({ path }) => path.includes(file));
    expect(loaded).toMatchObject({ backend: "RPC" });
    expect(loaded?.error).toBeUndefined();
  },
);

test("rejects a package of another llama.cpp, and the doctor reports why", async () => {
  const application = await install("other", (packageFolder) => {
    const file = join(packageFolder, "package.json");
    const manifest = JSON.parse(readFileSync(file, "utf8"));
    writeFileSync(file, JSON.stringify({ ...manifest, llamaCommit: "0123456789abcdef" }));
  });
  const diagnosis = await diagnose(application);
  expect(cudaOf(diagnosis)?.reason).toMatch(/built for llama\.cpp 012345678, .* has [\da-f]{9}:/);
  expect(diagnosis.backends.some(({ path }) => path.includes(cuda))).toBe(false);
  expect(diagnosis.advice.join()).toContain(`${cuda} is not used`);
});

const libraryOf = (packageFolder: string) => join(packageFolder, "lib", "libggml-cuda.so");

withoutOwnCuda(
  "diagnose() reports a GPU library that cannot be loaded, and models still load without it",
  async () => {
    const application = await install("garbage", (packageFolder) => {
      const file = libraryOf(packageFolder);
      writeFileSync(file, Buffer.alloc(readFileSync(file).length, "no library"));
    });
    const diagnosis = await diagnose(application);
    const failed = diagnosis.backends.find(({ path }) => path.includes(cuda));
    expect(failed?.backend).toBeUndefined();
    expect(failed?.error).toMatch(/failed to load .*libggml-cuda\.so: \S/);
    const { code, stdout } = await runCommand(
      ["complete", "def f(", "--model", modelPath, "--max-tokens", "2", ...reproducible],
      { cwd: application },
    );
    expect(code).toBe(0);
    expect(stdout).not.toBe("");
  },
);

test.each([
  ["cut off", (file: string) => writeFileSync(file, readFileSync(file).subarray(0, 5000))],
  ["empty", (file: string) => writeFileSync(file, "")],
  ["gone", (file: string) => rmSync(file)],
])("does not load a library that is %s", async (name, damage) => {
  const application = await install(name.replaceAll(" ", "-"), (packageFolder) =>
    damage(libraryOf(packageFolder)),
  );
  const diagnosis = await diagnose(application);
  expect(cudaOf(diagnosis)?.reason).toMatch(/its library libggml-cuda\.so has \d+ of \d+ bytes/);
  expect(diagnosis.backends.some(({ path }) => path.includes(cuda))).toBe(false);
});

test("rejects a package whose package.json is not JSON", async () => {
  const application = await install("no-json", (packageFolder) =>
    writeFileSync(join(packageFolder, "package.json"), "{"),
  );
  expect(cudaOf(await diagnose(application))?.reason).toBeDefined();
});

test("the doctor reports that no package is installed", async () => {
  const application = join(folder, "none");
  mkdirSync(application);
  expect(cudaOf(await diagnose(application))?.reason).toBe("it is not installed");
});
