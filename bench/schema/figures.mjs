/** Sums up the results of an engine. */
import { percentile } from "../statistics.mjs";

/**
 * Figures of one engine. Each schema counts once: as passing, or as the first error of the list that it has.
 *
 * @typedef {object} Figures
 * @property {number} schemas
 * @property {number} passing compiled, and right about all instances
 * @property {number} compileErrors not compiled, or not finished within the time limit
 * @property {number} invalidationErrors an invalid instance was accepted
 * @property {number} validationErrors a valid instance was refused
 * @property {number} timeouts schemas beyond the time limit, which also count as compile errors
 * @property {number} masks masks that were measured
 * @property {{ mean: number, p50: number, p99: number, max: number }} maskMicroseconds
 * @property {{ p50: number, p99: number }} firstMaskMilliseconds
 */

/**
 * @param {import("./schema-program.mjs").SchemaResult[]} results
 * @returns {Figures}
 */
export function figuresOf(results) {
  const count = (test) => results.filter(test).length;
  const compiled = results.filter(({ error }) => error === undefined);
  const masks = compiled.flatMap(({ maskNs }) => maskNs.map((ns) => ns / 1e3));
  const first = compiled.map(({ firstNs }) => firstNs / 1e6);
  return {
    schemas: results.length,
    passing: count((each) => each.error === undefined && each.accepted + each.refused === 0),
    compileErrors: results.length - compiled.length,
    validationErrors: count(({ accepted, refused }) => accepted === 0 && refused > 0),
    invalidationErrors: count(({ accepted }) => accepted > 0),
    timeouts: count(({ timedOut }) => timedOut),
    masks: masks.length,
    maskMicroseconds: {
      mean: round(masks.reduce((sum, mask) => sum + mask, 0) / masks.length),
      p50: round(percentile(masks, 0.5)),
      p99: round(percentile(masks, 0.99)),
      max: round(percentile(masks, 1)),
    },
    firstMaskMilliseconds: {
      p50: round(percentile(first, 0.5)),
      p99: round(percentile(first, 0.99)),
    },
  };
}

/** Three decimals. NaN, for an engine without samples, becomes null in JSON. */
function round(value) {
  return Math.round((value ?? Number.NaN) * 1000) / 1000;
}
