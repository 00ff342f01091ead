/** Describes the machine: GPUs, driver, compiler, and the speed of a copy in GPU memory. */
import { mkdtempSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../command.mjs";
import { findCompiler, findGpus } from "../../nvidia.mjs";
import { requireGpu, runPart, Skip } from "../part.mjs";

const SOURCE = new URL("../copy_bandwidth.cu", import.meta.url).pathname;

async function copyBytesPerSecond(compiler) {
  const program = join(mkdtempSync(join(tmpdir(), "copy-bandwidth-")), "copy_bandwidth");
  await run([compiler, "-O2", "-arch=native", "-o", program, SOURCE]);
  return Number(await run([program]));
}

await runPart("machine", async (options, save) => {
  save({ gpus: findGpus(), processor: `${cpus()[0]?.model}, ${cpus().length} cores` });
  if (findGpus().length === 0) requireGpu({ ...options, dryRun: false });
  const compiler = findCompiler();
  if (!compiler) throw new Skip("nvcc is not on PATH and not in /usr/local/cuda");
  save({ cuda: /release ([\d.]+)/.exec(await run([compiler, "--version"]))?.[1] });
  save({ copyBytesPerSecond: await copyBytesPerSecond(compiler) });
});
