/**
 * `npm run bench`: runs each case with every available peer, prints tables and writes a folder.
 *
 * A case is a file in cases/ with `summary`, `peers` and `run`; `usesModels` is false for a case without a
 * model. A peer is a file in peers/ with `prepare`, which runs once in this process, and `load`, which runs in a
 * child process (see engine.mjs). A peer that fails or hangs is left out, and the table says why.
 */
import { runWhenMain } from "../scripts/project.mjs";
import { note } from "../scripts/terminal.mjs";
import { measureFile } from "./cases/schema.mjs";
import { Contest } from "./comparison.mjs";
import { describeMachine } from "./machine.mjs";
import { findModel } from "./models.mjs";
import { commandLine, help, readOptions } from "./options.mjs";
import { prepareOutput, writeOutput } from "./output.mjs";
import { clearAnnouncement } from "./progress.mjs";
import { caseTable, head } from "./report.mjs";

/**
 * The argument of a case.
 *
 * @typedef {object} Bench
 * @property {import("./models.mjs").Model[]} models
 * @property {string[]} peers the case's peers that can run here; ours is first
 * @property {Compute} compute
 * @property {boolean} gpu
 * @property {number} repetitions
 * @property {Contest} contest starts and measures the engines
 */

/** @typedef {{ threads: number, gpuLayers: number | "auto", splitMode?: string }} Compute the resources of every engine */

const OURS = "node-codellama";
/** Load average above which measurements are not reliable. */
const BUSY = 0.5;

/** Prepares the peers. `leftOut` names the peers that cannot run here, with the reason. */
async function preparePeers(names, compute) {
  const peers = [];
  const leftOut = [];
  for (const name of names) {
    const peer = await import(`./peers/${name}.mjs`);
    try {
      await peer.prepare(compute);
      peers.push(name);
    } catch (error) {
      if (name === OURS) throw error;
      leftOut.push(`${name} (${error.message})`);
    }
  }
  return { peers, leftOut };
}

/** Our engines, and the other peers that the user selected. */
function peersFor(wanted, only) {
  const ours = [OURS, "serve"];
  return wanted.filter((peer) => ours.includes(peer) || (only?.includes(peer) ?? true));
}

/** Yields the result of a case so far, after each comparison. */
async function* runCase(name, options, models) {
  const { summary, peers: wanted, run } = await import(`./cases/${name}.mjs`);
  const { threads, gpu, splitMode } = options;
  const compute = { threads, gpuLayers: gpu ? "auto" : 0, ...(splitMode && { splitMode }) };
  const { peers, leftOut } = await preparePeers(peersFor(wanted, options.onlyPeers), compute);
  const contest = new Contest();
  const comparisons = [];
  for await (const comparison of run({ ...options, compute, models, peers, contest })) {
    comparisons.push(comparison);
    clearAnnouncement();
    yield { name, summary, leftOut: [...leftOut, ...contest.failures], comparisons };
  }
}

/** Whether a case needs the models, which may have to be made first. */
async function usesModels(cases) {
  const modules = await Promise.all(cases.map((name) => import(`./cases/${name}.mjs`)));
  return modules.some((module) => module.usesModels ?? true);
}

await runWhenMain(import.meta, async (args) => {
  const options = readOptions(args);
  if (options.help) return console.log(help);
  if (options.output !== undefined) prepareOutput(options.output);
  const machine = describeMachine();
  if (machine.loadAverage > BUSY) {
    note(
      `This machine is busy (load average ${machine.loadAverage.toFixed(1)}), so the results are not reliable.`,
    );
  }
  if (options.json) return console.log(JSON.stringify(await measureFile(options)));
  const models = (await usesModels(options.cases)) ? options.models.map(findModel) : [];
  console.log(head(machine, options));
  /** @type {import("./output.mjs").Report} */
  const report = { machine, options, command: commandLine(args), cases: [] };
  for (const name of options.cases) {
    let result;
    for await (result of runCase(name, options, models)) {
      // Written after each comparison, so that an interrupted run keeps its results.
      const cases = [...report.cases, result];
      if (options.output !== undefined) writeOutput(options.output, { ...report, cases });
    }
    if (result === undefined) continue; // the case does not use any model of this run
    console.log(`\n${caseTable(result)}`);
    report.cases.push(result);
  }
  if (options.output !== undefined) note(`table, chart and every sample are in ${options.output}`);
});
