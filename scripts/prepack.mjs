// npm runs this before it packs or publishes, because the tarball contains dist/ and llama.cpp's source.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { bundle } from "./bundle.mjs";
import { fetchLlama } from "./fetch-llama.mjs";
import { installPackages } from "./installed-packages.mjs";
import { Failure, root, runWhenMain } from "./project.mjs";
import { note } from "./terminal.mjs";

await runWhenMain(import.meta, async () => {
  if (process.env.LLAMA_CPP_DIR) {
    throw new Failure("A package must contain the pinned llama.cpp.", "Unset LLAMA_CPP_DIR.");
  }
  await installPackages();
  await fetchLlama();
  await bundle();
  if (!existsSync(join(root, "prebuilds"))) {
    note("prebuilds/ is missing, so users must compile the package; npm run prebuild fills it");
  }
});
