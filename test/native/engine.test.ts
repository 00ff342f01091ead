import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, test } from "vitest";

// The engine's own tests are C++: one program, built by `node scripts/build.mjs --tests`.
const program = fileURLToPath(new URL("../../build/Release/engine_test", import.meta.url));
const run = promisify(execFile);

const { stdout } = await run(program, ["--list"]);

describe("engine_test", () => {
  test.each(stdout.trim().split("\n"))("%s", async (name) => {
    await run(program, [name]);
  });
});
