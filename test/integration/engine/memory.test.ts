import { expect, test } from "vitest";
import { runFixture } from "../../helpers/child.ts";
import { hasProcessFacts } from "../../helpers/process-facts.ts";

interface Sample {
  readonly residentBytes: number;
  readonly files: number;
  readonly threads: number;
  readonly handles: readonly string[];
}

interface Report {
  /** Handles that were open before the library was imported. */
  readonly handlesBefore: readonly string[];
  readonly samples: readonly Sample[];
}

// A leaked context, model or vocabulary would add megabytes in each cycle. The allocator sometimes
// keeps tens of megabytes for good, so the median counts.
const growthAllowed = 100_000;
const cycles = 30;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

test.skipIf(!hasProcessFacts)("load, generate and close leave nothing behind", async () => {
  const child = await runFixture("memory-child.mjs", [`${cycles}`], ["--expose-gc"]);
  expect(child).toMatchObject({ exitCode: 0, stderr: "" });
  const { handlesBefore, samples }: Report = JSON.parse(child.stdout);
  expect(samples).toHaveLength(cycles);

  const resident = samples.map(({ residentBytes }) => residentBytes);
  const growth = resident.slice(1).map((bytes, index) => bytes - (resident[index] ?? 0));
  expect(median(growth)).toBeLessThan(growthAllowed);

  for (const { files, threads, handles } of samples) {
    expect({ files, threads, handles }).toEqual({
      files: samples[0]?.files,
      threads: samples[0]?.threads,
      handles: handlesBefore,
    });
  }
});
