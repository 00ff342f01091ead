import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { temporaryFolder } from "../../helpers/temporary-folder.ts";

interface Comparison {
  readonly subject: string;
  readonly measure: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly samples: Readonly<Record<string, readonly number[]>>;
  readonly targets?: Readonly<Record<string, number>>;
  readonly limit?: number;
}

interface Output {
  prepareOutput(folder: string): void;
  writeOutput(folder: string, report: object): void;
}

// The bench is plain JavaScript, without declarations of its types.
const load = async (name: string): Promise<unknown> =>
  import(new URL(`../../../bench/${name}.mjs`, import.meta.url).href);
const { prepareOutput, writeOutput } = (await load("output")) as Output;
const { commandLine } = (await load("options")) as { commandLine(args: string[]): string };
const folder = temporaryFolder();

const machine = {
  date: "2026-01-02T03:04:05.000Z",
  cpu: "A <fast> CPU & more",
  cores: 2,
  memoryBytes: 16e9,
  loadAverage: 0.1,
  system: "Linux 6 x64",
  node: "v20.17.0",
  llamaCpp: { version: "v1", commit: "0123456789abcdef" },
  flags: { GGML_NATIVE: "ON" },
};

const decode: Comparison = {
  subject: "tiny",
  measure: "decode",
  unit: "tokens/s",
  better: "higher",
  samples: { "node-codellama": [90, 100, 110], slow: [50, 49, 51], fast: [200, 190, 210] },
  targets: { slow: 1, fast: 1 },
};
const firstToken: Comparison = {
  subject: "tiny",
  measure: "first token",
  unit: "ms",
  better: "lower",
  samples: { "node-codellama": [10, 10, 10], slow: [40, 40, 40] },
  targets: { slow: 0.8 },
};
const delay: Comparison = {
  subject: "tiny",
  measure: "delay",
  unit: "ms",
  better: "lower",
  samples: { "node-codellama": [6, 7, 8] },
  limit: 5,
};

/** Writes the comparisons as one case, and reads the files back. */
function write(...comparisons: Comparison[]) {
  writeOutput(folder, {
    machine,
    options: { threads: 2, repetitions: 3 },
    command: "npm run bench -- speed",
    cases: [{ name: "speed", summary: "How fast", leftOut: ["other (not here)"], comparisons }],
  });
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return {
    json: JSON.parse(read("results.json")),
    page: read("results.md"),
    svg: read("chart.svg"),
  };
}

/** The table's rows below its head, as trimmed cells. */
function tableRows(page: string): string[][] {
  const lines = page.split("\n").filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Left edge and width of each bar, in the order of the chart. */
function bars(svg: string): { x: number; width: number }[] {
  const found = svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="14"/g);
  return [...found].map(([, x, width]) => ({ x: Number(x), width: Number(width) }));
}

describe("bench --output", () => {
  test("leaves three files and nothing else", () => {
    write(decode);
    expect(readdirSync(folder).toSorted()).toEqual(["chart.svg", "results.json", "results.md"]);
  });

  test("keeps every sample", () => {
    expect(write(decode).json).toMatchObject({
      machine: { cores: 2 },
      command: "npm run bench -- speed",
      cases: [{ name: "speed", comparisons: [{ samples: decode.samples }] }],
    });
  });

  test("has one row per peer with medians, spreads, ratio, target and verdict", () => {
    const begin = ["speed", "tiny", "decode, tokens/s (higher is better)", "100", "90.0 to 110"];
    expect(tableRows(write(decode).page)).toEqual([
      [...begin, "slow", "50.0", "49.0 to 51.0", "2.000", "≥ 1.00", "met"],
      [...begin, "fast", "200", "190 to 210", "0.500", "≥ 1.00", "missed"],
    ]);
  });

  test("uses a maximum as target if lower is better", () => {
    const [row] = tableRows(write(firstToken).page);
    expect(row?.slice(-3)).toEqual(["0.250", "≤ 0.80", "met"]);
  });

  test("has a row for our engine if its target is a fixed value", () => {
    const [row] = tableRows(write(delay).page);
    expect(row).toEqual([
      ...["speed", "tiny", "delay, ms (lower is better)"],
      ...["7.00", "6.00 to 8.00", "≤ 5", "missed"],
    ]);
  });

  test("describes the run above the table, and names left-out peers below it", () => {
    const [above = "", below = ""] = write(decode).page.split(/\n\| case(?:.|\n)*\|\n\n/);
    expect(above).toContain("A <fast> CPU & more, 2 cores, 16 GB");
    expect(above).toContain("```sh\nnpm run bench -- speed\n```");
    expect(below).toContain("- Left out of `speed`: other (not here)");
  });

  test("draws bars to the right if our engine is better, to the left if it is worse", () => {
    const { svg } = write(decode, firstToken);
    const [slow, fast, quick] = bars(svg);
    const one = Number(/<line x1="([\d.]+)"[^>]*class="one"/.exec(svg)?.[1]);
    expect(slow?.x).toBe(one);
    expect((fast?.x ?? 0) + (fast?.width ?? 0)).toBeCloseTo(one, 0);
    // Twice and half as good are bars of one length; four times is twice as long.
    expect(fast?.width).toBeCloseTo(slow?.width ?? 0, 0);
    expect(quick).toEqual({ x: one, width: expect.closeTo(2 * (slow?.width ?? 0), 0) });
    for (const label of ["2.0×", "0.50×", "4.0×", "speed: first token · tiny"]) {
      expect(svg).toContain(`>${label}</text>`);
    }
  });

  test("escapes names, and has colours for a dark page", () => {
    const { svg } = write(decode);
    expect(svg).toContain("A &lt;fast&gt; CPU &amp; more");
    expect(svg).not.toContain("<fast>");
    expect(svg).toContain("prefers-color-scheme: dark");
  });

  test("reports that there is nothing to draw, and leaves out values that are not ratios", () => {
    const nothing = { ...firstToken, samples: { "node-codellama": [1], slow: [0] } };
    const { svg } = write(delay, nothing);
    expect(svg).toContain("No peer was measured.");
    expect(bars(svg)).toEqual([]);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test("makes the folder, or fails before the first measurement", () => {
    const inner = join(folder, "a/b");
    prepareOutput(inner);
    expect(existsSync(inner)).toBe(true);
    const file = join(inner, "file");
    writeFileSync(file, "");
    expect(() => prepareOutput(file)).toThrow(/--output must be a writable folder .*file/);
  });

  test("quotes a command for the shell", () => {
    expect(commandLine(["decode", "--model", "my model's.gguf"])).toBe(
      `npm run bench -- decode --model 'my model'\\''s.gguf'`,
    );
  });
});
