/** Makes tables of results for a terminal. */
import { findings, range, short, times, verdict } from "./findings.mjs";
import { markdownTable } from "./markdown-table.mjs";

const COLUMNS = [
  { title: "on" },
  { title: "measure" },
  { title: "engine" },
  { title: "median", isNumeric: true },
  { title: "least to greatest" },
  { title: "ours / engine's", isNumeric: true },
  { title: "target" },
  { title: "same output" },
];

/** Table rows of one comparison: our engine first, then each other engine with the ratio. */
function rows(comparison) {
  const { subject, measure, unit } = comparison;
  return findings(comparison).map((finding) => {
    const { engine, isOurs, ratio, target, sameOutput } = finding;
    return [
      isOurs ? subject : "",
      isOurs ? `${measure}, ${unit}` : "",
      engine,
      short(finding.median),
      range(finding),
      isOurs ? "" : times(ratio),
      target ? `${target.text}, ${verdict(target)}` : "",
      sameOutput,
    ];
  });
}

/** The lines above the tables: machine, build and settings. */
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
 * The result of one case.
 *
 * @typedef {{ name: string, summary: string, leftOut: string[],
 *   comparisons: import("./comparison.mjs").Comparison[] }} CaseResult
 */

/**
 * The result of one case as text.
 *
 * @param {CaseResult} result
 */
export function caseTable({ name, summary, leftOut, comparisons }) {
  const notes = leftOut.map((reason) => `Left out: ${reason}`);
  return [`## ${name}`, summary, markdownTable(COLUMNS, comparisons.flatMap(rows)), ...notes].join(
    "\n\n",
  );
}
