import { describe, expect, test } from "vitest";
import { runFixture } from "../../helpers/child.ts";
import { hasProcessFacts } from "../../helpers/process-facts.ts";
import { loadTinyModel } from "../../helpers/tiny-model.ts";

describe("a warm-up", () => {
  test.skipIf(!hasProcessFacts)("avoids most page faults of the first request", async () => {
    // Each in its own process, because reused memory causes no page faults.
    const pageFaults = async (start: "warm" | "cold") => {
      const child = await runFixture("warmup-child.mjs", [start]);
      expect(child).toMatchObject({ exitCode: 0, stderr: "" });
      return Number(child.stdout);
    };
    expect(await pageFaults("warm")).toBeLessThan((await pageFaults("cold")) * 0.7);
  });

  test("does not change the first request's logprobs, bit for bit", async () => {
    const first = async (warmup: boolean) => {
      // The number of draft tokens depends on measured times, and rounding on the tokens of a step.
      await using llama = await loadTinyModel({ warmup, speculation: false });
      expect(llama.stats()).toMatchObject({ running: 0, kvCellsUsed: 0, kvCellsCached: 0 });
      const options = { temperature: 0, maxTokens: 20, logprobs: 2 };
      const { text, logprobs, usage } = await llama.generate("def is_prime(", options);
      return { text, logprobs, usage };
    };
    const warm = await first(true);
    expect(warm.logprobs).toHaveLength(20);
    expect(warm).toEqual(await first(false));
  });

  test("runs before load() resolves, and is cancelled with it", async () => {
    const controller = new AbortController();
    const loading = loadTinyModel({
      signal: controller.signal,
      onProgress: (fraction) => {
        // The weights are loaded. The context and its warm-up remain.
        if (fraction === 1) controller.abort("no longer needed");
      },
    });
    await expect(loading).rejects.toBe("no longer needed");
  });
});
