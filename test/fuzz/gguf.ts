import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Fuzzer } from "../helpers/fuzzing.ts";

const root = join(import.meta.dirname, "../..");
const program = join(process.env.NODE_CODELLAMA_PREBUILD ?? root, "build/Release/gguf_fuzz");

// A C++ program, because each file is loaded in a process of its own: one that ends is a find.
const fuzzer: Fuzzer = {
  description: "spoiled model files of every architecture, loaded and run for some tokens",

  unavailable: () =>
    existsSync(program) ? undefined : "gguf_fuzz is built on Linux and macOS only",

  async fuzz(run) {
    const found = mkdtempSync(join(tmpdir(), "gguf-fuzz-"));
    const time = ["--seconds", String(Math.ceil(run.secondsLeft))];
    // Rejects on any exit code but 0, with the program's output. The files that it found stay then.
    const args = [...time, "--seed", String(run.seed), "--keep", found];
    const { stdout } = await promisify(execFile)(program, args);
    run.count = Number(/(\d+) files/.exec(stdout)?.[1] ?? 0);
    rmSync(found, { recursive: true });
  },
};

export default fuzzer;
