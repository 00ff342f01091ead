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

// A real backend that needs no GPU, built as packages hold them: see native/CMakeLists.txt.
const library = fileURLToPath(new URL("../../../build/Release/test_backend.bin", import.meta.url));
const script = new URL("../../../scripts/pack-backend.mjs", import.meta.url).href;
const { writeBackendPackage } = (await import(script)) as {
  writeBackendPackage(library: string, backend: string, folder: string): Promise<number>;
};

const [cuda = ""] = backendPackageNames();
/** Of two libraries with one backend llama.cpp takes the first, which is the build's own. */
const hasOwnCuda = (await CodeLlama.devices()).some(({ backend }) => backend === "CUDA");
const folder = temporaryFolder();

type Change = (packageFolder: string) => void;

/** An application with the optional package, made by the project's script, then changed. */
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
  "a package of the same llama.cpp is found and its backend loaded, if there is none",
  async () => {
    const diagnosis = await diagnose(await install("whole"));
    expect(cudaOf(diagnosis)?.reason).toBeUndefined();
    const file = join(cuda, "lib");
    const loaded = diagnosis.backends.find(({ path }) => path.includes(file));
    expect(loaded).toMatchObject({ backend: "RPC" });
    expect(loaded?.error).toBeUndefined();
  },
);

test("a package of another llama.cpp is refused, and the doctor says why", async () => {
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
  "a library that is none is told of, if there is no other, and models still load",
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
])("a library that is %s is not even tried", async (name, damage) => {
  const application = await install(name.replaceAll(" ", "-"), (packageFolder) =>
    damage(libraryOf(packageFolder)),
  );
  const diagnosis = await diagnose(application);
  expect(cudaOf(diagnosis)?.reason).toMatch(/its library libggml-cuda\.so has \d+ of \d+ bytes/);
  expect(diagnosis.backends.some(({ path }) => path.includes(cuda))).toBe(false);
});

test("a package whose package.json is no JSON is refused", async () => {
  const application = await install("no-json", (packageFolder) =>
    writeFileSync(join(packageFolder, "package.json"), "{"),
  );
  expect(cudaOf(await diagnose(application))?.reason).toBeDefined();
});

test("where none is installed, the doctor says so", async () => {
  const application = join(folder, "none");
  mkdirSync(application);
  expect(cudaOf(await diagnose(application))?.reason).toBe("it is not installed");
});
