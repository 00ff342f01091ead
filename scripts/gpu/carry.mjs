/**
 * Packs what a machine without a network needs in addition to this project's files, into two archives. The
 * first has Node.js, the packages of the build, the tests and the bench, llama.cpp's source and the bundled dist/.
 * The second has packages that only some integration tests use, so it can be left out.
 *
 *   node scripts/gpu/carry.mjs [FOLDER]   (default: .cache)
 */
import { copyFileSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { bundle } from "../bundle.mjs";
import { findProgram, run } from "../command.mjs";
import { fetchLlama } from "../fetch-llama.mjs";
import { root, runWhenMain } from "../project.mjs";
import { note, say } from "../terminal.mjs";

/** Packages that bundle, check or publish, or that need a browser. */
const UNUSED_PACKAGES = [
  "@andrewbranch",
  "@arethetypeswrong",
  "@babel",
  "@biomejs",
  "@loaderkit",
  "@publint",
  "clang-format-node",
  "highlight.js",
  "playwright-core",
  "publint",
  "typescript",
];

/** Packages of tests that use a model through another library's client. */
const TEST_PACKAGES = [
  "@ai-sdk",
  "@langchain",
  ...["core", "resources", "sdk-trace", "sdk-trace-base", "semantic-conventions"].map(
    (name) => `@opentelemetry/${name}`,
  ),
  "ai",
  "js-tiktoken",
  "openai",
];

/** Folders of llama.cpp that none of our targets uses. */
const UNUSED_SOURCES = [
  ...["benches", "docs", "examples", "media", "models", "pocs", "tests", "gguf-py", "conversion"],
  ...["tools/ui/src", "tools/ui/static", "tools/ui/tests", "tools/mtmd/tests"],
  ...[
    "opencl",
    "sycl",
    "hexagon",
    "vulkan",
    "et",
    "webgpu",
    "openvino",
    "cann",
    "virtgpu",
    "metal",
  ].map((backend) => `ggml/src/ggml-${backend}`),
];

/** Files that only people and editors read. */
const UNUSED_FILES = ["*.map", "*.d.ts", "*.d.cts", "*.md"];

const inModules = (names) => names.map((name) => `node_modules/${name}`);

async function pack(file, paths, excluded) {
  say(`Packing ${file}`);
  await run(
    [
      ...["tar", "-cJf", file, "--anchored", "--exclude=node_modules/.cache"],
      ...["--no-wildcards", ...excluded.map((path) => `--exclude=${path}`)],
      ...["--no-anchored", "--wildcards", ...UNUSED_FILES.map((name) => `--exclude=${name}`)],
      ...paths,
    ],
    { cwd: root, env: { XZ_OPT: "-9e", ...process.env } },
  );
  note(`${(statSync(file).size / 2 ** 20).toFixed(1)} MiB`);
}

/** Copies this Node.js, without its debug symbols if `strip` is installed. */
async function copyNode() {
  const copy = join(root, ".cache/carried/node");
  mkdirSync(dirname(copy), { recursive: true });
  copyFileSync(process.execPath, copy);
  if (findProgram("strip")) await run(["strip", copy]);
}

await runWhenMain(import.meta, async ([folder = join(root, ".cache")]) => {
  await fetchLlama();
  await bundle();
  await copyNode();
  mkdirSync(folder, { recursive: true });
  await pack(
    resolve(folder, "gpu-carried.tar.xz"),
    ["node_modules", "native/llama.cpp", "dist", ".cache/carried"],
    [
      ...inModules([...UNUSED_PACKAGES, ...TEST_PACKAGES]),
      ...UNUSED_SOURCES.map((path) => `native/llama.cpp/${path}`),
    ],
  );
  await pack(resolve(folder, "gpu-carried-tests.tar.xz"), inModules(TEST_PACKAGES), []);
});
