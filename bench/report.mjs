/** Turns results into a table to read and a JSON file to keep. */
import { writeFileSync } from "node:fs";
import { median, spread } from "./statistics.mjs";

/** A number with three significant digits, and no exponent. */
function short(value) {
  if (!Number.isFinite(value)) return "-";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.001))));
  return value.toFixed(Math.min(digits, 3));
}

/** What is wanted of our value, beside this engine, and whether it was reached. */
function target({ targets = {}, limit, floor, better }, engine, isOurs, ratio, value) {
  const verdict = (isMet) => (isMet ? "met" : "missed");
  if (isOurs && limit !== undefined) return `≤ ${limit}, ${verdict(value <= limit)}`;
  if (isOurs && floor !== undefined) return `≥ ${floor}, ${verdict(value >= floor)}`;
  const wanted = targets[engine];
  if (wanted === undefined) return "";
  return better === "lower"
    ? `≤ ${wanted.toFixed(2)}, ${verdict(ratio <= wanted)}`
    : `≥ ${wanted.toFixed(2)}, ${verdict(ratio >= wanted)}`;
}

/** The table rows of one comparison: ours first, then each engine with the ratio to it. */
function rows(comparison) {
  const { subject, measure, unit, samples, sameOutput = {} } = comparison;
  const [ours] = Object.keys(samples);
  const ourMedian = median(samples[ours]);
  return Object.entries(samples).map(([engine, values]) => {
    const isOurs = engine === ours;
    const { least, greatest } = spread(values);
    const ratio = ourMedian / median(values);
    return [
      isOurs ? subject : "",
      isOurs ? `${measure}, ${unit}` : "",
      engine,
      short(median(values)),
      `${short(least)} to ${short(greatest)}`,
      isOurs ? "" : ratio.toFixed(3),
      target(comparison, engine, isOurs, ratio, median(values)),
      sameOutput[engine] ?? "",
    ];
  });
}

/** Columns that align to the right. */
const NUMERIC = new Set(["median", "ours / it"]);
const COLUMNS = [
  "on",
  "measure",
  "engine",
  "median",
  "least to greatest",
  "ours / it",
  "target",
  "same output",
];

/** A Markdown table whose columns also line up as plain text; columns without content are left out. */
function table(body) {
  const kept = COLUMNS.map((_, at) => at).filter((at) => body.some((row) => row[at] !== ""));
  const widths = kept.map((at) =>
    Math.max(COLUMNS[at].length, ...body.map((row) => row[at].length)),
  );
  const pad = (text, column) =>
    NUMERIC.has(COLUMNS[kept[column]])
      ? text.padStart(widths[column])
      : text.padEnd(widths[column]);
  const line = (cells) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = kept.map((at, column) =>
    NUMERIC.has(COLUMNS[at]) ? `${"-".repeat(widths[column] - 1)}:` : "-".repeat(widths[column]),
  );
  const lines = body.map((row) => line(kept.map((at) => row[at])));
  return [line(kept.map((at) => COLUMNS[at])), `| ${rule.join(" | ")} |`, ...lines].join("\n");
}

/** The lines above the tables: where, what and how. */
export function head(machine, { threads, repetitions }) {
  const { cpu, cores, memoryBytes, system, node, llamaCpp, flags, loadAverage } = machine;
  const flagList = Object.entries(flags).map(([name, value]) => `${name}=${value}`);
  return [
    `${cpu}, ${cores} cores, ${(memoryBytes / 1e9).toFixed(0)} GB · ${system} · Node.js ${node}`,
    `llama.cpp ${llamaCpp.version} (${llamaCpp.commit.slice(0, 9)}) · ${flagList.join(" ")}`,
    `${threads} threads, ${repetitions} repetitions, engines interleaved · load average before: ` +
      loadAverage.toFixed(2),
  ].join("\n");
}

/**
 * One case as text.
 *
 * @param {{ name: string, summary: string, leftOut: string[],
 *   comparisons: import("./comparison.mjs").Comparison[] }} result
 */
export function caseTable({ name, summary, leftOut, comparisons }) {
  const notes = leftOut.map((reason) => `Left out: ${reason}`);
  return [`## ${name}`, summary, table(comparisons.flatMap(rows)), ...notes].join("\n\n");
}

/** Writes everything, each sample included. */
export function writeJson(path, report) {
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
}
