import { CodeLlamaError } from "../errors.ts";
import { coordinateDescent, type Outcome, relativeSpeed } from "./coordinate-descent.ts";
import { dimensions, type Measure, noise, type TunedOptions } from "./dimensions.ts";
import { Measurement, type Subject } from "./measurement.ts";
import { combine, type Trial, TrialLog } from "./trial-log.ts";
import type { Workload } from "./workload.ts";

export interface TuneSettings extends Subject {
  /** The options to begin with, and to keep where nothing is faster. */
  readonly start: TunedOptions;
  /** The most threads to try. */
  readonly maxThreads: number;
  /** Told before each measuring; the fraction that is done never falls. */
  readonly onProgress: (fraction: number, options: TunedOptions) => void;
}

export interface TuneResult {
  readonly modelName: string;
  readonly workload: Workload;
  /** Where the search began. */
  readonly start: Trial<TunedOptions, Measure>;
  /** The same as `start` where nothing was faster. */
  readonly best: Trial<TunedOptions, Measure>;
  /** How many times as fast as `start`, over all measures. */
  readonly gain: number;
  /** In the order in which they were first measured. */
  readonly trials: readonly Trial<TunedOptions, Measure>[];
}

/** Measurings of the end, which compares the best options with the first. */
const lastMeasurings = 4;

/**
 * Measures on this machine which load options are fastest.
 * @throws CodeLlamaError as `CodeLlama.load` and `generate` for the first options; others that
 *   cannot be used are told among the trials. Rejects with the signal's reason.
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
  const announce = (options: TunedOptions, toCome: number) => {
    fraction = Math.max(fraction, done / (done + toCome));
    onProgress(fraction, options);
  };

  const found = await coordinateDescent<TunedOptions, Measure>({
    start,
    dimensions: dimensions(maxThreads, work.promptTokens),
    measure,
    onMeasure: (options, toCome) => announce(options, toCome + lastMeasurings),
  });

  // By turns, since the machine may have become faster or slower since the first.
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
