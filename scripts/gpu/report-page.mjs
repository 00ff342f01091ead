/** Makes one page and one object of the parts' results. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "../../bench/markdown-table.mjs";
import { caseTable } from "../../bench/report.mjs";
import { median } from "../../bench/statistics.mjs";
import { readLines, stateFolder } from "./part.mjs";

const BENCH_PARTS = ["decode", "streams", "typing", "split-layer", "split-tensor"];

/** The bench results of a part. Undefined if it has none. */
function benchResults(name) {
  try {
    return JSON.parse(readFileSync(join(stateFolder, name, "results.json"), "utf8"));
  } catch {
    return undefined;
  }
}

/** All results, with every sample. */
export function reportData(results) {
  const bench = Object.fromEntries(BENCH_PARTS.map((name) => [name, benchResults(name)]));
  const lines = Object.fromEntries(["tests", "agreement"].map((name) => [name, readLines(name)]));
  return { ...results, bench, lines, memoryBandwidth: bandwidthShares(results) };
}

/** Memory bandwidth of one stream as a share of a copy's. The rest of the time is waiting and computing. */
function bandwidthShares({ machine, models }) {
  const limit = machine?.copyBytesPerSecond;
  const decode = benchResults("decode")?.cases.find(({ name }) => name === "decode");
  if (!limit || !decode) return [];
  return decode.comparisons.flatMap(({ subject, samples }) => {
    const bytes = models?.models?.[subject]?.decodeBytes;
    if (!bytes) return [];
    return Object.entries(samples).map(([engine, rates]) => {
      const bytesPerSecond = bytes * median(rates);
      return {
        model: subject,
        engine,
        bytesPerToken: bytes,
        bytesPerSecond,
        share: bytesPerSecond / limit,
      };
    });
  });
}

const gigabytes = (bytes) => (bytes / 1e9).toFixed(2);
const percent = (share) => `${(100 * share).toFixed(1)} %`;

/**
 * @param {object} machine what parts/machine.mjs saved
 * @param {ReturnType<typeof import("../nvidia.mjs").findGpus>} [machine.gpus]
 * @param {string} [machine.processor]
 * @param {string} [machine.cuda]
 * @param {number} [machine.copyBytesPerSecond]
 */
function machineLines({ gpus = [], processor, cuda, copyBytesPerSecond } = {}) {
  return [
    ...gpus.map(
      ({ name, memoryBytes, driver, architecture }) =>
        `- ${name}, ${gigabytes(memoryBytes)} GB, driver ${driver}, architecture ${architecture}`,
    ),
    ...(processor ? [`- ${processor}`] : []),
    ...(cuda ? [`- CUDA ${cuda}`] : []),
    ...(copyBytesPerSecond
      ? [`- copies within the GPU's memory read and write ${gigabytes(copyBytesPerSecond)} GB/s`]
      : []),
  ].join("\n");
}

function testLines() {
  const files = readLines("tests");
  if (files.length === 0) return "";
  const sum = (field) => files.reduce((total, each) => total + each[field], 0);
  const failures = files.flatMap(({ file, failures }) =>
    failures.map(({ test, message }) => `- ${file}: ${test}\n\n${indented(message)}`),
  );
  const counts = `${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped in ${files.length} files.`;
  return [counts, ...failures].join("\n\n");
}

const indented = (text) => text.replaceAll(/^/gm, "      ");

function agreementLines() {
  const tasks = readLines("agreement");
  if (tasks.length === 0) return "";
  const sum = (field) => tasks.reduce((total, each) => total + each[field], 0);
  const different = tasks.filter(({ difference }) => difference !== undefined);
  const text = `${sum("equal")} of ${sum("tokens")} greedy tokens (${percent(sum("equal") / sum("tokens"))}) match the CPU's up to the first difference; ${tasks.length - different.length} of ${tasks.length} answers are the same.`;
  if (different.length === 0) return text;
  const columns = [
    "task",
    "first different token",
    "tokens",
    "gap of the CPU's two best log-probabilities there",
  ];
  const rows = different.map(({ name, tokens, difference: { at, cpuLogprobGap } }) => [
    JSON.stringify(name.slice(0, 60)),
    String(at),
    String(tokens),
    cpuLogprobGap === undefined ? "" : cpuLogprobGap.toFixed(4),
  ]);
  return `${text}\n\n${markdownTable(
    columns.map((title) => ({ title })),
    rows,
  )}`;
}

function bandwidthTable(results) {
  const shares = bandwidthShares(results);
  if (shares.length === 0) return "";
  const columns = ["model", "engine", "GB per token", "GB/s", "of a copy"].map((title) => ({
    title,
  }));
  const rows = shares.map(({ model, engine, bytesPerToken, bytesPerSecond, share }) => [
    model,
    engine,
    gigabytes(bytesPerToken),
    gigabytes(bytesPerSecond),
    percent(share),
  ]);
  return `Bytes that one stream reads, compared with a copy:\n\n${markdownTable(columns, rows)}`;
}

function transformersTable({ samples }) {
  const rows = Object.entries(samples ?? {})
    .filter(([, rates]) => rates.length > 0)
    .map(([streams, rates]) => [streams, median(rates).toFixed(0)]);
  if (rows.length === 0) return "";
  return markdownTable([{ title: "streams" }, { title: "tokens/s" }], rows);
}

/** The page. It leaves out parts that have not run. */
export function reportPage(results) {
  const sections = Object.entries(results).flatMap(([name, result]) => {
    if (!result) return [];
    const { status, seconds, reason, command } = result;
    const outcome = `${status} after ${seconds} s${reason ? `: ${reason}` : ""}`;
    const bodies = {
      machine: () => machineLines(result),
      build: () => (command ? `\`${command}\`` : ""),
      tests: testLines,
      agreement: agreementLines,
      transformers: () => transformersTable(result),
    };
    const bench = BENCH_PARTS.includes(name) ? benchResults(name) : undefined;
    const tables = bench
      ? [
          `\`${bench.command}\``,
          ...bench.cases.map((each) => caseTable(each).replace(/^## /, "### ")),
        ]
      : [];
    if (name === "decode") tables.push(bandwidthTable(results));
    return [`## ${name}`, outcome, bodies[name]?.() ?? "", ...tables].filter(Boolean);
  });
  return `${["# Report", ...sections].join("\n\n")}\n`;
}
