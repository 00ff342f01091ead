import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { useTinyModel } from "../helpers/tiny-model.ts";

// The scripts that trained the embedded model are code that it never saw.
const packageFile = createRequire(import.meta.url).resolve("codellama-tiny/package.json");
const scripts = join(dirname(packageFile), "training");

interface Hole {
  readonly prefix: string;
  readonly suffix: string;
}

/** One hole of one line in each function, somewhere in its body. */
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

// One at a time and without reuse: what is computed in other company is rounded differently, and
// code that the model is not sure of then goes another way.
const model = useTinyModel({ parallel: 1, prefixCache: false, speculation: false });

// The shares that the model's card states for the published file.
test.each([
  ["psm", 0.671],
  ["spm", 0.595],
] as const)("unseen functions are filled to an end, %s", { timeout: 240_000 }, async (...args) => {
  const [order, share] = args;
  const cases = holes();
  expect(cases.length).toBeGreaterThanOrEqual(50);
  const results = await Promise.all(
    cases.map((hole) => model.llama.infill({ ...hole, order }, { temperature: 0, maxTokens: 128 })),
  );
  const ended = results.filter(({ finishReason }) => finishReason === "stop");
  expect(ended.length / cases.length).toBeGreaterThanOrEqual(share);
});
