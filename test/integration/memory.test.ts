import { expect, test } from "vitest";
import { runFixture } from "../helpers/child.ts";
import { hasProcessFacts } from "../helpers/process-facts.ts";

interface Sample {
  readonly residentBytes: number;
  readonly files: number;
  readonly threads: number;
  readonly handles: number;
}

// A context, a model or its vocabulary that stayed would add megabytes each time; the allocator's
// own growth comes to some 0.1 MB, on a busy machine to half of one, and ends after a hundred times.
const growthAllowed = 800_000;
const cycles = 30;

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

test.skipIf(!hasProcessFacts)("load, generate and close leave nothing behind", async () => {
  const child = await runFixture("memory-child.mjs", [`${cycles}`], ["--expose-gc"]);
  expect(child).toMatchObject({ exitCode: 0, stderr: "" });
  const samples: Sample[] = JSON.parse(child.stdout);
  expect(samples).toHaveLength(cycles);

  const third = cycles / 3;
  const resident = samples.map(({ residentBytes }) => residentBytes);
  const growth = median(resident.slice(-third)) - median(resident.slice(0, third));
  expect(growth / (cycles - third)).toBeLessThan(growthAllowed);

  for (const { files, threads, handles } of samples) {
    expect({ files, threads, handles }).toEqual({
      files: samples[0]?.files,
      threads: samples[0]?.threads,
      handles: 0,
    });
  }
});
