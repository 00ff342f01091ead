import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { nativeLoadOptions } from "../../../lib/options/load.ts";
import type { TuneResult } from "../../../lib/tune/tune.ts";
import { main, runCommand as run, startCommand as start } from "../../helpers/command-line.ts";
import { modelPath } from "../../helpers/tiny-model.ts";

const args = ["tune", "--model", modelPath, "--max-threads", "1", "--seconds", "0.01"];

test("prints a table and a call with the options to use", async () => {
  const { code, stdout, stderr } = await run([...args, "--parallel", "2"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("\u001b") });
  expect(stdout).not.toContain("\u001b");
  const [head = "", first = ""] = stdout.split("\n");
  expect(head.trim()).toMatch(/^prefill +decode +2 streams$/);
  expect(first).toMatch(/^threads: 1( +[\d.]+){3}$/);
  expect(stdout).toMatch(/^threads: 1, flashAttention: true( +[\d.]+){3}$/m);
  const [, path = "", options = ""] =
    /\nawait CodeLlama\.load\((".*"), (\{ .* \})\);\n$/.exec(stdout) ?? [];
  expect(JSON.parse(path)).toBe(modelPath);
  const chosen = JSON.parse(options.replace(/(\w+):/g, '"$1":'));
  expect(chosen).toMatchObject({ parallel: 2, threads: 1 });
  expect(() => nativeLoadOptions(modelPath, chosen)).not.toThrow();
});

test("prints one object with --json, and nothing else", async () => {
  const { code, stdout } = await run([...args, "--parallel", "1", "--json"]);
  expect(code).toBe(0);
  const result = JSON.parse(stdout) as TuneResult & { fixedOptions: object };
  const speeds = { prefill: expect.any(Number), decode: expect.any(Number) };
  expect(result).toMatchObject({
    modelName: "codellama-tiny",
    fixedOptions: { parallel: 1 },
    workload: { streams: 1, newTokens: expect.any(Number) },
    start: { options: { threads: 1 }, speeds },
    best: { options: { threads: 1 }, speeds },
  });
  expect(result.gain).toBeGreaterThanOrEqual(1);
  expect(result.trials.length).toBeGreaterThan(2);
  for (const { options, speeds, failure } of result.trials) {
    expect(failure).toBeUndefined();
    expect(options.threads).toBe(1);
    expect(speeds).not.toHaveProperty("streams");
    expect(speeds.prefill).toBeGreaterThan(0);
    expect(() => nativeLoadOptions(modelPath, options)).not.toThrow();
  }
});

describe("rejects", () => {
  test.each([
    [["--model", "nothing-here.gguf"], /^error: nothing-here.gguf: .*\(MODEL_NOT_FOUND\)\n$/s],
    [["--model", main], /MODEL_INVALID/],
    [["--seconds", "0"], /--seconds must be between 0.01 and 60 \(got 0\) \(INVALID_ARG/],
    [["--seconds", "soon"], /--seconds must be .*\(got "soon"\)/],
    [["--max-threads", "0"], /--max-threads must be a whole number between 1 and 512 \(got 0\)/],
    [["--parallel", "1.5"], /--parallel must be a whole number between 1 and 256 \(got 1.5\)/],
    [["--gpu-layers", "-1"], /--gpu-layers must be a whole number/],
    [["--thread", "1"], /unknown option "--thread"/],
  ])("%j", async (wrong, message) => {
    const { code, stdout, stderr } = await run([...args, ...wrong]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain("    at ");
  });
});

test("ends cleanly on Ctrl-C", async () => {
  const { child, outcome } = start(["tune", "--max-threads", "1", "--seconds", "60"]);
  await once(child.stderr, "data"); // The name of the model.
  child.kill("SIGINT");
  expect(await outcome).toMatchObject({ code: 130, signal: null, stdout: "" });
});
