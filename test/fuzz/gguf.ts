import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Fuzzer } from "../helpers/fuzzing.ts";

const root = join(import.meta.dirname, "../..");
const program = join(process.env.NODE_CODELLAMA_PREBUILD ?? root, "build/Release/gguf_fuzz");

// The fuzzer is a C++ program. It loads each file in a separate process, so a crash is a finding.
const fuzzer: Fuzzer = {
  description: "damaged model files of every architecture, loaded and run for some tokens",

  unavailable: () =>
    existsSync(program) ? undefined : "gguf_fuzz is built on Linux and macOS only",

  async fuzz(run) {
    const found = mkdtempSync(join(tmpdir(), "gguf-fuzz-"));
    const time = ["--seconds", String(Math.ceil(run.secondsLeft))];
    // Rejects on an exit code other than 0, with the program's output. The folder with the findings
    // then stays.
    const args = [...time, "--seed", String(run.seed), "--keep", found];
    const { stdout } = await promisify(execFile)(program, args);
    run.count = Number(/(\d+) files/.exec(stdout)?.[1] ?? 0);
    rmSync(found, { recursive: true });
  },
};

export default fuzzer;
