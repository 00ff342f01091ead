import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { useTinyModel } from "../helpers/tiny-model.ts";

// The embedded model never saw the scripts that trained it.
const packageFile = createRequire(import.meta.url).resolve("codellama-tiny/package.json");
const scripts = join(dirname(packageFile), "training");

interface Hole {
  readonly prefix: string;
  readonly suffix: string;
}

/** Returns one hole of one line for each function, in the middle of its body. */
function holes(): Hole[] {
  const files = readdirSync(scripts, { recursive: true, encoding: "utf8" });
  const functions = files
    .filter((file) => file.endsWith(".py"))
    .toSorted()
    .flatMap((file) => readFileSync(join(scripts, file), "utf8").split(/\n(?=\S)/))
    .filter((code) => code.startsWith("def ") && code.length < 800);
  return functions
    .map((code) => code.trimEnd().split("\n"))
    .filter((lines) => lines.length >= 5)
    .map((lines) => {
      const hole = 1 + Math.floor(lines.length / 2);
      return {
        prefix: `${lines.slice(0, hole).join("\n")}\n`,
        suffix: `\n${lines.slice(hole + 1).join("\n")}\n`,
      };
    });
}

// One request at a time and without a prefix cache. Batching changes the rounding, which would
// change text that the model is not sure of.
const model = useTinyModel({ parallel: 1, prefixCache: false, speculation: false });

// The shares that the model card states for the published file.
test.each([
  ["psm", 0.671],
  ["spm", 0.595],
] as const)("completes holes in unseen functions, %s", { timeout: 240_000 }, async (...args) => {
  const [order, share] = args;
  const cases = holes();
  expect(cases.length).toBeGreaterThanOrEqual(50);
  const results = await Promise.all(
    cases.map((hole) => model.llama.infill({ ...hole, order }, { temperature: 0, maxTokens: 128 })),
  );
  const ended = results.filter(({ finishReason }) => finishReason === "stop");
  expect(ended.length / cases.length).toBeGreaterThanOrEqual(share);
});
