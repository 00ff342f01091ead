/** Builds the addon and llama.cpp's programs, which use the same CUDA library. */
import { join } from "node:path";
import { bundle } from "../../bundle.mjs";
import { root } from "../../project.mjs";
import { runPart, runShown } from "../part.mjs";

await runPart("build", async ({ dryRun, cuda }, save) => {
  const gpu = dryRun ? [] : [`--cuda=${cuda ?? ""}`];
  const command = [join(root, "scripts/build.mjs"), ...gpu, "--tests", "--programs"];
  save({ command: ["node scripts/build.mjs", ...command.slice(1)].join(" ") });
  await runShown([process.execPath, ...command]);
  await bundle();
});
