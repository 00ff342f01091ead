import { CodeLlamaError } from "../errors.ts";
import { coordinateDescent, type Outcome, relativeSpeed } from "./coordinate-descent.ts";
import { dimensions, type Measure, noise, type TunedOptions } from "./dimensions.ts";
import { Measurement, type Subject } from "./measurement.ts";
import { combine, type Trial, TrialLog } from "./trial-log.ts";
import type { Workload } from "./workload.ts";

export interface TuneSettings extends Subject {
  /** Options that the search starts with and keeps if nothing is faster. */
  readonly start: TunedOptions;
  /** Largest number of threads to try. */
  readonly maxThreads: number;
  /** Called before each measurement. `fraction` is from 0 to 1 and never decreases. */
  readonly onProgress: (fraction: number, options: TunedOptions) => void;
}

export interface TuneResult {
  readonly modelName: string;
  readonly workload: Workload;
  /** Options that the search started with. */
  readonly start: Trial<TunedOptions, Measure>;
  /** Same as `start` if nothing was faster. */
  readonly best: Trial<TunedOptions, Measure>;
  /** Speed of `best` relative to `start` over all measures; at least 1. */
  readonly gain: number;
  /** All trials in the order of their first measurement. */
  readonly trials: readonly Trial<TunedOptions, Measure>[];
}

/** Measurements at the end, which compare the best options with the first. */
const finalMeasurements = 4;

/**
 * Finds the fastest load options on this machine. Options that fail become trials with a `failure`.
 * @throws CodeLlamaError like `CodeLlama.load` and `generate`, for the first options only. Rejects
 *   with the signal's reason when it aborts.
 */
export async function tune(settings: TuneSettings): Promise<TuneResult> {
  const { start, maxThreads, streams, onProgress } = settings;
  onProgress(0, start);
  const { measurement, modelName } = await Measurement.prepare(settings, start);
  const { work } = measurement;
  const log = new TrialLog<TunedOptions, Measure>();
  const all: Measure[] = ["prefill", "decode", ...(streams > 1 ? ["streams" as const] : [])];

  async function measure(options: TunedOptions, wanted: readonly Measure[]) {
    const measures = wanted.filter((each) => all.includes(each));
    const outcome: Outcome<Measure> = await measurement.measure(options, measures).then(
      (speeds) => ({ speeds }),
      (error: unknown) => {
        if (options === start || !CodeLlamaError.isInstance(error)) throw error;
        return { speeds: {}, failure: error.message };
      },
    );
    log.add(options, outcome);
    done++;
    return outcome;
  }

  let done = 0;
  let fraction = 0;
  const announce = (options: TunedOptions, remaining: number) => {
    fraction = Math.max(fraction, done / (done + remaining));
    onProgress(fraction, options);
  };

  const found = await coordinateDescent<TunedOptions, Measure>({
    start,
    dimensions: dimensions(maxThreads, work.promptTokens),
    measure,
    onMeasure: (options, remaining) => announce(options, remaining + finalMeasurements),
  });

  // Alternates between both, because the speed of the machine may have changed since the start.
  const outcomes = new Map<TunedOptions, Outcome<Measure>[]>();
  const turns = found === start ? [start] : [start, found, found, start];
  for (const [index, options] of turns.entries()) {
    announce(options, turns.length - index);
    const outcome = await measure(options, all);
    outcomes.set(options, [...(outcomes.get(options) ?? []), outcome]);
  }
  const trial = (options: TunedOptions) => ({ options, ...combine(outcomes.get(options) ?? []) });
  const first = trial(start);
  const last = trial(found);
  const gain = relativeSpeed(last, first, all);
  const isFaster = found !== start && gain > noise;
  return {
    modelName,
    workload: work,
    start: first,
    best: isFaster ? last : first,
    gain: isFaster ? gain : 1,
    trials: log.trials,
  };
}
