import type { Outcome } from "./coordinate-descent.ts";

/** Options and the combined outcome of their measurements. */
export interface Trial<Options, Measure extends string> extends Outcome<Measure> {
  readonly options: Options;
}

/** Collects the measurements of equal options. */
export class TrialLog<Options, Measure extends string> {
  readonly #entries = new Map<string, { options: Options; outcomes: Outcome<Measure>[] }>();

  add(options: Options, outcome: Outcome<Measure>): void {
    const key = JSON.stringify(options);
    const entry = this.#entries.get(key) ?? { options, outcomes: [] };
    entry.outcomes.push(outcome);
    this.#entries.set(key, entry);
  }

  /** Trials in the order of their first measurement. */
  get trials(): Trial<Options, Measure>[] {
    return [...this.#entries.values()].map(({ options, outcomes }) => ({
      options,
      ...combine(outcomes),
    }));
  }
}

/** Returns the median of each measured speed, or the first failure. */
export function combine<Measure extends string>(
  outcomes: readonly Outcome<Measure>[],
): Outcome<Measure> {
  const speeds: Partial<Record<Measure, number>> = {};
  const failure = outcomes.find((outcome) => outcome.failure !== undefined)?.failure;
  if (failure !== undefined) return { speeds, failure };
  const names = new Set(outcomes.flatMap(({ speeds }) => Object.keys(speeds) as Measure[]));
  for (const name of names) {
    const values = outcomes.map((outcome) => outcome.speeds[name]);
    speeds[name] = median(values.filter((value) => value !== undefined));
  }
  return { speeds };
}

/** The middle value, or the mean of the two middle values of an even number of values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
