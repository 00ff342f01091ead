/** What one measuring gives: higher is better; or why the options cannot be used. */
export interface Outcome<Measure extends string> {
  readonly speeds: Readonly<Partial<Record<Measure, number>>>;
  readonly failure?: string;
}

/** One option that is varied while all others stay as they are. */
export interface Dimension<Options, Measure extends string> {
  /** The best options so far with other values of this one, in the order to try them. */
  candidates(best: Options): readonly Options[];
  /** What this option can change; nothing else is measured and compared. */
  readonly affects: readonly Measure[];
  /** How many times as fast a value must be to take the place of the one before it; above 1. */
  readonly margin: number;
  /** Neighbours are alike: once values get clearly slower, those beyond need no trial. */
  readonly isOrdered?: boolean;
}

export interface Search<Options, Measure extends string> {
  readonly start: Options;
  readonly dimensions: readonly Dimension<Options, Measure>[];
  measure(options: Options, wanted: readonly Measure[]): Promise<Outcome<Measure>>;
  /** Told before each measuring; `toCome` are those in sight, this one included. */
  onMeasure?(options: Options, toCome: number): void;
  /** Rounds through all dimensions at most; default 2. */
  readonly rounds?: number;
}

/** Below this share of the best, behind a value that was faster, neighbours are given up. */
const clearlySlower = 0.8;

/**
 * Improves one option after the other, each on top of the best so far: a handful of measurings
 * where all combinations would take hundreds. An option is tried again in a later round when
 * others have changed since.
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
        .reduce((sum, { candidates }) => sum + measurings(candidates(best).length), 0);
      best = await improve(best, dimension, search, later);
      triedAt.set(dimension, best);
    }
  }
  return best;
}

/** What so many candidates take, with the reference, unless one of them wins. */
function measurings(candidates: number): number {
  return candidates === 0 ? 0 : candidates + 1;
}

/** The best value of one dimension, which is the given one unless another is faster twice. */
async function improve<Options, Measure extends string>(
  from: Options,
  { candidates, affects, margin, isOrdered }: Dimension<Options, Measure>,
  { measure, onMeasure }: Search<Options, Measure>,
  later: number,
): Promise<Options> {
  const others = candidates(from);
  if (others.length === 0) return from;
  let toCome = measurings(others.length) + later;
  const run = (options: Options) => {
    onMeasure?.(options, toCome--);
    return measure(options, affects);
  };
  // Measured anew for each dimension: machines get faster and slower by the minute.
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
  // The fastest of many may only have been lucky.
  toCome = later + 2;
  const again = await run(winner);
  return relativeSpeed(again, await run(from), affects) > margin ? winner : from;
}

/** How many times as fast as another, over all of these measures; 0 where it failed. */
export function relativeSpeed<Measure extends string>(
  outcome: Outcome<Measure>,
  reference: Outcome<Measure>,
  measures: readonly Measure[],
): number {
  if (outcome.failure !== undefined) return 0;
  // The geometric mean: twice as fast here makes up for half as fast there.
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
