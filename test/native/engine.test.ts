import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, test } from "vitest";

// The engine's own tests are C++: one program, built by `node scripts/build.mjs --tests`.
const root = fileURLToPath(new URL("../..", import.meta.url));
const program = join(process.env.NODE_CODELLAMA_PREBUILD ?? root, "build/Release/engine_test");
const run = promisify(execFile);

const { stdout } = await run(program, ["--list"]);

describe("engine_test", () => {
  test.each(stdout.trim().split("\n"))("%s", async (name) => {
    await run(program, [name]);
  });
});
