import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "vitest";

// `build/Release/gguf_fuzz --seconds 600 --seed 1` runs the same for long.
const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(process.env.NODE_CODELLAMA_PREBUILD ?? root, "build/Release/gguf_fuzz");
const isBuilt = existsSync(program);
const skipped = isBuilt ? "" : " (skipped: gguf_fuzz is built on Linux and macOS only)";

test.skipIf(!isBuilt)(
  `no spoiled model file ends the process${skipped}`,
  { timeout: 600_000 },
  async () => {
    const holes = mkdtempSync(join(tmpdir(), "gguf-holes-"));
    // Rejects on any exit code but 0, with what the fuzzer found.
    await promisify(execFile)(program, ["--seconds", "5", "--seed", "1", "--keep", holes]);
    rmSync(holes, { recursive: true });
  },
);
