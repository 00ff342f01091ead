/**
 * Packs what a machine without a network needs beside this project's own files: Node.js, the
 * packages that the build, the tests and the bench use, llama.cpp's source, the bundled dist/.
 *
 *   node scripts/gpu/carry.mjs [FILE]   (default: .cache/gpu-carried.tar.xz)
 */
import { copyFileSync, mkdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { bundle } from "../bundle.mjs";
import { run } from "../command.mjs";
import { fetchLlama } from "../fetch-llama.mjs";
import { root, runWhenMain } from "../project.mjs";
import { note, say } from "../terminal.mjs";

/** Packages that only check, publish or need a browser. */
const UNUSED_PACKAGES = [
  "@andrewbranch",
  "@arethetypeswrong",
  "@biomejs",
  "@loaderkit",
  "@publint",
  "clang-format-node",
  "playwright-core",
  "publint",
];

/** Folders of llama.cpp that no target of ours is made of. */
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

await runWhenMain(import.meta, async ([file = join(root, ".cache/gpu-carried.tar.xz")]) => {
  await fetchLlama();
  await bundle();
  mkdirSync(join(root, ".cache/carried"), { recursive: true });
  copyFileSync(process.execPath, join(root, ".cache/carried/node"));
  const excluded = [
    ...UNUSED_PACKAGES.map((name) => `node_modules/${name}`),
    ...UNUSED_SOURCES.map((folder) => `native/llama.cpp/${folder}`),
  ];
  const target = resolve(file);
  say(`Packing ${target}`);
  await run(
    [
      ...["tar", "-cJf", target, "--anchored", "--exclude=node_modules/.cache"],
      ...["--no-wildcards", ...excluded.map((path) => `--exclude=${path}`)],
      // Maps of sources and types are for people who write code.
      ...[
        "--no-anchored",
        "--wildcards",
        "--exclude=*.map",
        "--exclude=*.d.ts",
        "--exclude=*.d.cts",
      ],
      ...["node_modules", "native/llama.cpp", "dist", ".cache/carried"],
    ],
    { cwd: root, env: { XZ_OPT: "-6 -T0", ...process.env } },
  );
  note(`${(statSync(target).size / 2 ** 20).toFixed(1)} MiB`);
});
