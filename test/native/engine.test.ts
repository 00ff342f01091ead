import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, test } from "vitest";

// The C++ tests are one program, built by `node scripts/build.mjs --tests`. Each case is a test here.
const root = fileURLToPath(new URL("../..", import.meta.url));
const builds = join(process.env.NODE_CODELLAMA_PREBUILD ?? root, "build");
const config = existsSync(join(builds, "Release")) ? "Release" : "Debug";
const program = join(builds, config, "engine_test");
const run = promisify(execFile);

const { stdout } = await run(program, ["--list"]);

describe("engine_test", () => {
  for (const line of stdout.trim().split("\n")) {
    const [name = line, missing] = line.split("\t");
    if (missing === undefined) test(name, () => run(program, [name]));
    else test.skip(`${name} (skipped: ${missing})`);
  }
});
