import { describe, expect, test } from "vitest";
import {
  coordinateDescent,
  type Dimension,
  type Outcome,
  relativeSpeed,
  type Search,
} from "../../../lib/tune/coordinate-descent.ts";
import { dimensions, type TunedOptions, threadCounts } from "../../../lib/tune/dimensions.ts";
import { combine, median, TrialLog } from "../../../lib/tune/trial-log.ts";
import { contextSize, longestPrompt, randomPrompt, workload } from "../../../lib/tune/workload.ts";

interface Options {
  readonly a: number;
  readonly b: number;
}
type Measure = "x" | "y";

function dimension(
  name: keyof Options,
  values: readonly number[],
  rest: Partial<Dimension<Options, Measure>> = {},
): Dimension<Options, Measure> {
  return {
    candidates: (best) =>
      values.filter((value) => value !== best[name]).map((value) => ({ ...best, [name]: value })),
    affects: ["x"],
    margin: 1.05,
    ...rest,
  };
}

/** Searches from { a: 0, b: 0 }. Returns the best options and all measurements in order. */
async function search(
  list: readonly Dimension<Options, Measure>[],
  measure: (options: Options, wanted: readonly Measure[], count: number) => Outcome<Measure>,
  rest: Partial<Search<Options, Measure>> = {},
) {
  const measured: (Options & { wanted: string })[] = [];
  const best = await coordinateDescent<Options, Measure>({
    start: { a: 0, b: 0 },
    dimensions: list,
    measure: async (options, wanted) => {
      measured.push({ ...options, wanted: wanted.join() });
      return measure(options, wanted, measured.length);
    },
    ...rest,
  });
  return { best, measured };
}

const speed = (x: number): Outcome<Measure> => ({ speeds: { x } });

describe("coordinateDescent", () => {
  test("finds the best value of each option with far fewer measurements than combinations", async () => {
    const values = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    const { best, measured } = await search(
      [dimension("a", values), dimension("b", values)],
      ({ a, b }) => speed(1000 - 100 * Math.abs(a - 7) - 50 * Math.abs(b - 3)),
    );
    expect(best).toEqual({ a: 7, b: 3 });
    expect(measured.length).toBeLessThan(50);
  });

  test("keeps the start after one round if nothing is faster by the margin", async () => {
    const { best, measured } = await search(
      [dimension("a", [1, 2]), dimension("b", [1])],
      ({ a, b }) => speed(100 + a + b),
    );
    expect(best).toEqual({ a: 0, b: 0 });
    expect(measured.map(({ a, b }) => [a, b])).toEqual([
      [0, 0],
      [1, 0],
      [2, 0],
      [0, 0],
      [0, 1],
    ]);
  });

  test("rejects a winner that does not win twice", async () => {
    // Only the second measurement, the first one of a: 1, is fast by luck.
    const { best, measured } = await search([dimension("a", [1])], (_, __, count) =>
      speed(count === 2 ? 300 : 100),
    );
    expect(best.a).toBe(0);
    expect(measured.map(({ a }) => a)).toEqual([0, 1, 1, 0]);
  });

  test("tries an option again only if a later option has changed", async () => {
    // a: 1 is faster only together with b: 1.
    const { best, measured } = await search(
      [dimension("a", [0, 1]), dimension("b", [0, 1])],
      ({ a, b }) => speed(100 + 50 * b + (b === 1 ? 50 * a : -20 * a)),
    );
    expect(best).toEqual({ a: 1, b: 1 });
    const once = await search(
      [dimension("a", [0, 1]), dimension("b", [0, 1])],
      ({ a, b }) => speed(100 + 50 * b + (b === 1 ? 50 * a : -20 * a)),
      { rounds: 1 },
    );
    expect(once.best).toEqual({ a: 0, b: 1 });
    // b was tried last with the same a, so the second round of b starts only after a changed.
    expect(measured.at(-1)).toMatchObject({ a: 1 });
  });

  test("skips further neighbours of an ordered option once they get clearly slower", async () => {
    const speeds = [100, 110, 150, 90, 60, 30, 500];
    const list = [dimension("a", [1, 2, 3, 4, 5, 6], { isOrdered: true })];
    const { best, measured } = await search(list, ({ a }) => speed(speeds[a] ?? 0));
    expect(best.a).toBe(2);
    expect(Math.max(...measured.map(({ a }) => a))).toBe(3);
  });

  test("continues while neighbours get faster", async () => {
    const speeds = [100, 20, 40, 70, 130];
    const list = [dimension("a", [1, 2, 3, 4], { isOrdered: true })];
    expect((await search(list, ({ a }) => speed(speeds[a] ?? 0))).best.a).toBe(4);
  });

  test("measures and compares only the measures that an option affects", async () => {
    const { best, measured } = await search(
      [dimension("a", [1], { affects: ["y"] }), dimension("b", [1], { affects: ["x", "y"] })],
      ({ a, b }) => ({ speeds: { x: a === 1 ? 1 : 100, y: a === 1 ? 120 : 100 - b } }),
    );
    expect(best).toEqual({ a: 1, b: 0 });
    expect(new Set(measured.map(({ wanted }) => wanted))).toEqual(new Set(["y", "x,y"]));
  });

  test("skips options that cannot be used", async () => {
    const { best } = await search([dimension("a", [1, 2])], ({ a }) =>
      a === 1 ? { speeds: { x: 900 }, failure: "no memory" } : speed(100 + 20 * a),
    );
    expect(best.a).toBe(2);
  });

  test("reports how many measurements remain", async () => {
    const seen: number[] = [];
    const { measured } = await search(
      [dimension("a", [1, 2]), dimension("b", [])],
      () => speed(100),
      { onMeasure: (_, remaining) => seen.push(remaining) },
    );
    expect(seen).toEqual([3, 2, 1]);
    expect(measured).toHaveLength(3);
  });
});

describe("relativeSpeed", () => {
  test("is the geometric mean over the measures that both have", () => {
    const one = { speeds: { x: 200, y: 50 } };
    const other = { speeds: { x: 100, y: 100 } };
    expect(relativeSpeed(one, other, ["x", "y"])).toBe(1);
    expect(relativeSpeed(one, other, ["x"])).toBe(2);
    expect(relativeSpeed(one, { speeds: { x: 100 } }, ["x", "y"])).toBe(2);
    expect(relativeSpeed(one, { speeds: {} }, ["x"])).toBe(1);
  });
});

describe("the dimensions", () => {
  test("contain every small thread count and fewer large ones, in descending order", () => {
    expect(threadCounts(1)).toEqual([1]);
    expect(threadCounts(4)).toEqual([4, 3, 2, 1]);
    expect(threadCounts(20)).toEqual([20, 16, 12, 8, 6, 4, 3, 2, 1]);
    expect(threadCounts(512).length).toBeLessThan(20);
  });

  const candidates = (best: TunedOptions, promptTokens = 1000) =>
    dimensions(2, promptTokens).map((each) => each.candidates(best));

  test("vary all options from the defaults", () => {
    expect(candidates({})).toEqual([
      [{ flashAttention: true }, { flashAttention: false }],
      [{ threads: 2 }, { threads: 1 }],
      [{ prefillThreads: 2 }, { prefillThreads: 1 }],
      [{ microBatchSize: 128 }, { microBatchSize: 256 }],
      [{ kvCacheType: "q8_0" }],
    ]);
  });

  test("leave out the current value and values without an effect", () => {
    const best = { threads: 2, flashAttention: false };
    const [flashAttention, threads, prefillThreads, , kvCacheType] = candidates(best);
    expect(flashAttention).toEqual([{ threads: 2, flashAttention: true }]);
    expect(threads).toEqual([{ threads: 1, flashAttention: false }]);
    expect(prefillThreads).toEqual([{ threads: 2, prefillThreads: 1, flashAttention: false }]);
    expect(kvCacheType).toEqual([]);
    expect(candidates({}, 128)[3]).toEqual([]);
  });

  test("never combine a quantized KV cache with disabled flash attention", () => {
    expect(candidates({ flashAttention: false })[4]).toEqual([]);
    expect(candidates({ kvCacheType: "q8_0" })[0]).toEqual([
      { flashAttention: true, kvCacheType: "q8_0" },
    ]);
  });
});

describe("the workload", () => {
  const speeds = { prefillTokensPerSecond: 600, decodeTokensPerSecond: 60 };

  test("takes about the wanted time", () => {
    expect(workload(speeds, 1, 4, 16384)).toEqual({
      promptTokens: 600,
      newTokens: 60,
      streams: 4,
      streamPromptTokens: 32,
      streamNewTokens: 30,
    });
  });

  test.each([
    [0.001, 16384],
    [1000, 16384],
    [1000, 2048],
    [1000, 64],
  ])("is neither too small nor too large: %s s, %i tokens", (seconds, training) => {
    const work = workload(speeds, seconds, 4, training);
    expect(work.newTokens).toBeGreaterThanOrEqual(16);
    expect(work.promptTokens).toBeGreaterThan(32);
    expect(work.promptTokens).toBeLessThanOrEqual(longestPrompt);
    expect(work.promptTokens + work.newTokens).toBeLessThanOrEqual(training);
    expect(contextSize(work)).toBeGreaterThanOrEqual(work.promptTokens + work.newTokens);
  });

  test("has a different prompt for each seed", () => {
    const prompts = [1, 2, 3].map((seed) => randomPrompt(50, seed, 1000, 7));
    expect(new Set(prompts.map((prompt) => prompt.slice(1, 3).join())).size).toBe(3);
    for (const prompt of prompts) {
      expect(prompt).toHaveLength(50);
      expect(prompt[0]).toBe(7);
      expect(prompt.every((token) => token >= 0 && token < 1000)).toBe(true);
    }
  });
});

describe("TrialLog", () => {
  test("combines the measurements of equal options", () => {
    const log = new TrialLog<object, Measure>();
    log.add({ threads: 1 }, { speeds: { x: 10 } });
    log.add({}, { speeds: { x: 1 } });
    log.add({ threads: 1 }, { speeds: { x: 20, y: 5 } });
    expect(log.trials).toEqual([
      { options: { threads: 1 }, speeds: { x: 15, y: 5 } },
      { options: {}, speeds: { x: 1 } },
    ]);
  });

  test("takes medians and keeps failures", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    const outcomes: Outcome<Measure>[] = [speed(1), { speeds: {}, failure: "no" }];
    expect(combine(outcomes)).toEqual({ speeds: {}, failure: "no" });
  });
});
