/** Writes the folder of a run's results: every sample, a table and a chart. */
import { accessSync, constants, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "../scripts/project.mjs";
import { ratioChart } from "./ratio-chart.mjs";
import { resultsPage } from "./results-page.mjs";

/**
 * The results of a run so far.
 *
 * @typedef {object} Report
 * @property {ReturnType<import("./machine.mjs").describeMachine>} machine
 * @property {{ threads: number, repetitions: number }} options
 * @property {string} command the command line
 * @property {import("./report.mjs").CaseResult[]} cases
 */

/** Makes the folder before the run, because a run of hours must not fail when it writes. */
export function prepareOutput(folder) {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
  } catch (error) {
    throw new Failure(
      `--output must be a writable folder (${folder}: ${error.message}).`,
      "Give --output another folder.",
    );
  }
}

/**
 * Writes `results.json`, `results.md` and `chart.svg`; replaces the files of earlier cases.
 *
 * @param {string} folder
 * @param {Report} report
 */
export function writeOutput(folder, report) {
  const files = {
    "results.json": `${JSON.stringify(report, null, 2)}\n`,
    "results.md": resultsPage(report),
    "chart.svg": ratioChart(report),
  };
  for (const [name, content] of Object.entries(files)) {
    const partial = join(folder, `.${name}.partial`);
    writeFileSync(partial, content);
    renameSync(partial, join(folder, name));
  }
}
