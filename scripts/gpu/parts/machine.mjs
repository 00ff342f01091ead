/** What is measured on: the GPUs, the driver, the compiler, and how fast a copy is. */
import { mkdtempSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram, run } from "../../command.mjs";
import { findGpus } from "../../nvidia.mjs";
import { requireGpu, runPart, Skip } from "../part.mjs";

const SOURCE = new URL("../copy_bandwidth.cu", import.meta.url).pathname;

/** nvcc, also where CUDA is installed but not on PATH. */
function findCompiler() {
  return findProgram("nvcc") ?? findProgram("/usr/local/cuda/bin/nvcc");
}

async function copyBytesPerSecond(compiler) {
  const program = join(mkdtempSync(join(tmpdir(), "copy-bandwidth-")), "copy_bandwidth");
  await run([compiler, "-O2", "-arch=native", "-o", program, SOURCE]);
  return Number(await run([program]));
}

await runPart("machine", async (options, save) => {
  save({ gpus: findGpus(), processor: `${cpus()[0]?.model}, ${cpus().length} cores` });
  if (findGpus().length === 0) requireGpu({ ...options, dryRun: false });
  const compiler = findCompiler();
  if (!compiler) throw new Skip("nvcc is not on PATH");
  save({ cuda: /release ([\d.]+)/.exec(await run([compiler, "--version"]))?.[1] });
  save({ copyBytesPerSecond: await copyBytesPerSecond(compiler) });
});
