import { describe, expect, test } from "vitest";
import { inspectModel, type RopeOptions } from "../../../lib/index.ts";
import { loadTinyModel, modelPath } from "../../helpers/tiny-model.ts";

/** Returns a greedy completion with these rope options. */
async function complete(rope?: RopeOptions): Promise<string> {
  await using llama = await loadTinyModel(rope && { rope });
  const { text } = await llama.generate("def fibonacci(n", { temperature: 0, maxTokens: 60 });
  return text;
}

const asInFile = await complete();

describe("rope", () => {
  test("with the model's own values changes nothing", async () => {
    const { ropeBase, trainingContextSize } = await inspectModel(modelPath);
    expect([ropeBase, trainingContextSize]).toEqual([1e6, 2048]);
    expect(asInFile).toContain("a, b = b, a + b\n    return a\n");
    expect(await complete({ base: 1e6, scale: 1, type: "linear" })).toBe(asInFile);
    expect(await complete({ type: "none" })).toBe(asInFile);
    expect(await complete({ scale: 1, yarn: { origContext: 2048 } })).toBe(asInFile);
    expect(await complete({})).toBe(asInFile);
  });

  test.each<[string, RopeOptions]>([
    ["another base", { base: 50 }],
    ["a linear scale", { scale: 0.05, type: "linear" }],
    ["YaRN", { scale: 0.01, yarn: {} }],
    ["YaRN's attention", { yarn: { extFactor: 0, attnFactor: 3 } }],
  ])("with %s changes the text", async (_, rope) => {
    expect(await complete(rope)).not.toBe(asInFile);
  });

  test("passes the YaRN parameters to the model", async () => {
    const yarn = { scale: 0.05, type: "yarn" } as const;
    const linear = await complete({ scale: 0.05, type: "linear" });
    // With extFactor 0 and attnFactor 1, YaRN is a linear scale.
    const scaled = await complete({ ...yarn, yarn: { extFactor: 0, attnFactor: 1 } });
    // The angles differ in their last bits, so the texts differ after a while.
    expect(scaled.slice(0, 20)).toBe(linear.slice(0, 20));
    // All frequencies lie below the borders, or all of them above.
    const all = await complete({ ...yarn, yarn: { betaFast: 10_000, betaSlow: 9999 } });
    const none = await complete({ ...yarn, yarn: { betaFast: 0.02, betaSlow: 0.01 } });
    expect(all).not.toBe(none);
  });

  test("rejects a scale whose context window is too large", async () => {
    const rope = { scale: 0.0001, yarn: { origContext: 2 ** 31 - 1 } };
    await expect(loadTinyModel({ rope })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringMatching(
        /rope: scale 0\.0001\d* extends the original context of \d+ tokens to more than/,
      ),
    });
  });

  test("works at the ends of all ranges", async () => {
    for (const rope of [
      { base: 2, scale: 0.0001, yarn: { betaFast: 10_000, betaSlow: 0.01, origContext: 1 } },
      { base: 1e12, scale: 1, yarn: { extFactor: 1, betaFast: 0.02, betaSlow: 0.01 } },
      { base: 1e12, yarn: { extFactor: 0, attnFactor: 100, origContext: 2 ** 31 - 1 } },
    ]) {
      expect(await complete(rope)).toBeTypeOf("string");
    }
  });
});
