import { writeSync } from "node:fs";
import { Random } from "./random.ts";

/** The default export of each file in test/fuzz/. */
export interface Fuzzer {
  /** One line for `npm run fuzz -- --help`. */
  readonly description: string;
  /** Why the fuzzer cannot run on this machine: the run is then skipped. Undefined if it can run. */
  unavailable?(): string | undefined;
  /** Runs cases until `run.cases()` ends. Rejects when it finds a fault. */
  fuzz(run: FuzzRun): Promise<void>;
}

export interface FuzzCase {
  readonly index: number;
  /** Source of every random choice, so that seed and index reproduce the case. */
  readonly random: Random;
}

/** One run of one fuzzer, in a separate process. */
export class FuzzRun {
  /** Number of started cases. A fuzzer that generates its own cases, such as libFuzzer, sets it. */
  count = 0;
  readonly #end: number;

  /**
   * @param only - index of the single case to run; undefined runs cases until the time is over
   * @param progress - file descriptor for the index of each case, which the report of a crash needs
   */
  constructor(
    readonly seed: number,
    readonly seconds: number,
    readonly only?: number,
    readonly progress?: number,
  ) {
    this.#end = Date.now() + seconds * 1000;
  }

  /** Remaining time in seconds, at least 0. */
  get secondsLeft(): number {
    return Math.max(0, (this.#end - Date.now()) / 1000);
  }

  /** Yields cases until the time is over, at least one. */
  *cases(): Generator<FuzzCase, void, undefined> {
    if (this.only !== undefined) return yield this.#case(this.only);
    for (let index = 0; index === 0 || this.secondsLeft > 0; index++) yield this.#case(index);
  }

  #case(index: number): FuzzCase {
    this.count++;
    if (this.progress !== undefined) writeSync(this.progress, `${index}\n`, 0);
    // The multiplications keep neighbouring seeds and indices from giving the same case.
    return {
      index,
      random: new Random(Math.imul(this.seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b)),
    };
  }
}
