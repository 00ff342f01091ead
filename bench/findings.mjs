/** Evaluates comparisons: medians, ratios, and whether targets are met. */
import { median, spread } from "./statistics.mjs";

/**
 * One engine in one comparison.
 *
 * @typedef {object} Finding
 * @property {string} engine
 * @property {boolean} isOurs
 * @property {number} median
 * @property {number} least
 * @property {number} greatest
 * @property {number} ratio our median divided by this engine's; 1 for ours
 * @property {{ text: string, bound: number, isMet: boolean } | undefined} target of the ratio; for
 *   our engine, of the value
 * @property {string} sameOutput how many answers had the same tokens as ours, or ""
 */

/**
 * The target of our value, or of our value divided by an engine's. Undefined without a target.
 *
 * @param {import("./comparison.mjs").Comparison} comparison
 * @param {string} engine
 * @param {boolean} isOurs
 * @param {number} ratio
 * @param {number} value
 */
function target({ targets = {}, limit, floor, better }, engine, isOurs, ratio, value) {
  if (isOurs && limit !== undefined) {
    return { text: `≤ ${limit}`, bound: limit, isMet: value <= limit };
  }
  if (isOurs && floor !== undefined) {
    return { text: `≥ ${floor}`, bound: floor, isMet: value >= floor };
  }
  const bound = targets[engine];
  if (bound === undefined || Number.isNaN(ratio)) return undefined;
  return better === "lower"
    ? { text: `≤ ${bound.toFixed(2)}`, bound, isMet: ratio <= bound }
    : { text: `≥ ${bound.toFixed(2)}`, bound, isMet: ratio >= bound };
}

/** "met", "missed", or "" without a target. */
export function verdict(wanted) {
  if (wanted === undefined) return "";
  return wanted.isMet ? "met" : "missed";
}

/**
 * The findings of all engines of a comparison, ours first.
 *
 * @param {import("./comparison.mjs").Comparison} comparison
 * @returns {Finding[]}
 */
export function findings(comparison) {
  const { samples, sameOutput = {} } = comparison;
  const [ours] = Object.keys(samples);
  const ourMedian = median(samples[ours]);
  return Object.entries(samples).map(([engine, values]) => {
    const isOurs = engine === ours;
    const ratio = ourMedian / median(values);
    return {
      engine,
      isOurs,
      median: median(values),
      ...spread(values),
      ratio,
      target: target(comparison, engine, isOurs, ratio, median(values)),
      sameOutput: sameOutput[engine] ?? "",
    };
  });
}

/** A number with three significant digits and without an exponent. */
export function short(value) {
  if (!Number.isFinite(value)) return "-";
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 0.001))));
  return value.toFixed(Math.min(digits, 3));
}

/** A ratio as text. "-" if one of the engines has no samples. */
export function times(ratio) {
  return Number.isNaN(ratio) ? "-" : ratio.toFixed(3);
}

/** The smallest and the largest sample as text. */
export function range({ least, greatest }) {
  if (least > greatest) return "failed";
  return `${short(least)} to ${short(greatest)}`;
}
