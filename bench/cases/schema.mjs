import { basename } from "node:path";
import { modelPath } from "codellama-tiny";
import { announce } from "../progress.mjs";
import { buildSchemaBench } from "../schema/build.mjs";
import { figuresOf } from "../schema/figures.mjs";
import { readMaskBench } from "../schema/maskbench-file.mjs";
import { SchemaProgram } from "../schema/schema-program.mjs";

/** Time limit of a schema. llama.cpp's grammars can take minutes for one text. */
const SCHEMA_MS = 10_000;
/** Time for the masks of a schema. Beyond it, tokens are accepted without a mask. */
const MASK_MS = 100;

export const summary =
  `Masks of JSON schemas, over the 32,016 tokens of Code Llama, one thread. A schema that takes more than ` +
  `${SCHEMA_MS / 1000} s counts as a compile error. Masks are measured for ${MASK_MS} ms per schema, which limits only slow engines.`;
export const peers = ["node-codellama"];
export const usesModels = false;

/**
 * Runs all schemas of the file with one engine.
 *
 * @param {"codellama" | "llama.cpp"} engine
 * @param {string} program path of schema_bench
 * @param {import("../schema/maskbench-file.mjs").Entry[]} entries
 */
async function measure(engine, program, entries) {
  const runner = new SchemaProgram([program, modelPath, engine, String(MASK_MS)], SCHEMA_MS);
  const results = [];
  for (const [index, entry] of entries.entries()) {
    if (index % 100 === 0) announce(`schema · ${engine} · ${index} of ${entries.length}`);
    results.push(await runner.run(entry));
  }
  runner.close();
  return figuresOf(results);
}

/**
 * Figures of our engine, and of llama.cpp as `peer`.
 *
 * @typedef {import("../schema/figures.mjs").Figures} Figures
 * @param {{ file: string, onlyPeers?: string[] }} options
 * @returns {Promise<Figures & { peer?: Figures & { name: string } }>}
 */
export async function measureFile({ file, onlyPeers }) {
  const entries = readMaskBench(file);
  const program = await buildSchemaBench();
  const ours = await measure("codellama", program, entries);
  if (onlyPeers !== undefined) return ours;
  return {
    ...ours,
    peer: { name: "llama.cpp", ...(await measure("llama.cpp", program, entries)) },
  };
}

/**
 * Rows of the table: measure, unit, value, and the target of our value.
 *
 * @type {[string, string, (figures: Figures) => number, number?][]}
 */
const ROWS = [
  ["compile errors", "schemas", ({ compileErrors }) => compileErrors],
  ["valid instance refused", "schemas", ({ validationErrors }) => validationErrors, 0],
  ["invalid instance accepted", "schemas", ({ invalidationErrors }) => invalidationErrors, 0],
  ["beyond the time limit", "schemas", ({ timeouts }) => timeouts, 0],
  ["mask, mean", "µs", ({ maskMicroseconds }) => maskMicroseconds.mean, 50],
  ["mask, median", "µs", ({ maskMicroseconds }) => maskMicroseconds.p50],
  ["mask, p99", "µs", ({ maskMicroseconds }) => maskMicroseconds.p99, 1000],
  ["mask, slowest", "µs", ({ maskMicroseconds }) => maskMicroseconds.max],
  ["first mask, median", "ms", ({ firstMaskMilliseconds }) => firstMaskMilliseconds.p50, 5],
  ["first mask, p99", "ms", ({ firstMaskMilliseconds }) => firstMaskMilliseconds.p99],
];

/** @param {import("../main.mjs").Bench & { file: string, onlyPeers?: string[] }} bench */
export async function* run({ file, onlyPeers }) {
  const { peer, ...ours } = await measureFile({ file, onlyPeers });
  const samples = (value) => ({
    "node-codellama": [value(ours)],
    ...(peer && { [peer.name]: [value(peer)] }),
  });
  const subject = `${basename(file)}, ${ours.schemas} schemas`;
  const passing = samples((figures) => figures.passing);
  const floor = Math.ceil(0.85 * ours.schemas);
  yield { subject, measure: "passing", unit: "schemas", better: "higher", samples: passing, floor };
  for (const [measure, unit, value, limit] of ROWS) {
    yield { subject, measure, unit, better: "lower", samples: samples(value), limit };
  }
}
