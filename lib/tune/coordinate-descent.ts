/** Result of one measurement: speeds, where higher is better, or why the options cannot be used. */
export interface Outcome<Measure extends string> {
  readonly speeds: Readonly<Partial<Record<Measure, number>>>;
  readonly failure?: string;
}

/** One option that the search varies while all other options stay the same. */
export interface Dimension<Options, Measure extends string> {
  /** Returns the best options so far with other values of this option, in the order to try them. */
  candidates(best: Options): readonly Options[];
  /** Measures that this option can change. The search measures and compares only these. */
  readonly affects: readonly Measure[];
  /** Speed-up that a value needs to replace the current one; above 1. */
  readonly margin: number;
  /**
   * Whether neighbouring values have similar speeds. The search then stops once values get clearly
   * slower.
   */
  readonly isOrdered?: boolean;
}

export interface Search<Options, Measure extends string> {
  readonly start: Options;
  readonly dimensions: readonly Dimension<Options, Measure>[];
  measure(options: Options, wanted: readonly Measure[]): Promise<Outcome<Measure>>;
  /** Called before each measurement. `remaining` estimates the measurements left, this one included. */
  onMeasure?(options: Options, remaining: number): void;
  /** Maximum rounds through all dimensions; default 2. */
  readonly rounds?: number;
}

/** The search skips the next neighbours of a value that falls below this share of the best speed. */
const clearlySlower = 0.8;

/**
 * Improves one option after another, each on top of the best so far. This needs a few measurements
 * where all combinations would need hundreds. A later round tries an option again if other options
 * have changed since.
 */
export async function coordinateDescent<Options, Measure extends string>(
  search: Search<Options, Measure>,
): Promise<Options> {
  const { start, dimensions, rounds = 2 } = search;
  const triedAt = new Map<Dimension<Options, Measure>, Options>();
  let best = start;
  for (let round = 0; round < rounds; round++) {
    for (const [index, dimension] of dimensions.entries()) {
      if (triedAt.get(dimension) === best) continue;
      const later = dimensions
        .slice(index + 1)
        .filter((each) => triedAt.get(each) !== best)
        .reduce((sum, { candidates }) => sum + measurementsFor(candidates(best).length), 0);
      best = await improve(best, dimension, search, later);
      triedAt.set(dimension, best);
    }
  }
  return best;
}

/** Measurements for this many candidates and the reference, if no candidate wins. */
function measurementsFor(candidates: number): number {
  return candidates === 0 ? 0 : candidates + 1;
}

/** Returns the best value of one dimension: `from`, unless another value is faster twice. */
async function improve<Options, Measure extends string>(
  from: Options,
  { candidates, affects, margin, isOrdered }: Dimension<Options, Measure>,
  { measure, onMeasure }: Search<Options, Measure>,
  later: number,
): Promise<Options> {
  const others = candidates(from);
  if (others.length === 0) return from;
  let remaining = measurementsFor(others.length) + later;
  const run = (options: Options) => {
    onMeasure?.(options, remaining--);
    return measure(options, affects);
  };
  // Measured again for each dimension, because the speed of a machine changes within minutes.
  const reference = await run(from);
  let winner = from;
  let fastest = margin;
  let previous = 0;
  for (const options of others) {
    const speed = relativeSpeed(await run(options), reference, affects);
    if (speed > fastest) {
      winner = options;
      fastest = speed;
    } else if (isOrdered && speed < previous && speed < clearlySlower * Math.max(1, fastest)) {
      break;
    }
    previous = speed;
  }
  if (winner === from) return from;
  // The fastest of many values may have won by noise.
  remaining = later + 2;
  const again = await run(winner);
  return relativeSpeed(again, await run(from), affects) > margin ? winner : from;
}

/** Speed relative to `reference` over all given measures; 0 if the measurement failed. */
export function relativeSpeed<Measure extends string>(
  outcome: Outcome<Measure>,
  reference: Outcome<Measure>,
  measures: readonly Measure[],
): number {
  if (outcome.failure !== undefined) return 0;
  // Geometric mean: twice as fast in one measure and half as fast in another cancel out.
  let product = 1;
  let count = 0;
  for (const measure of measures) {
    const speed = outcome.speeds[measure];
    const other = reference.speeds[measure];
    if (speed === undefined || other === undefined || other === 0) continue;
    product *= speed / other;
    count++;
  }
  return count === 0 ? 1 : product ** (1 / count);
}
