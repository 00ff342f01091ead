import { writeSync } from "node:fs";
import { Random } from "./random.ts";

/** What each file of test/fuzz/ exports as its default. */
export interface Fuzzer {
  /** One line for `npm run fuzz -- --help`. */
  readonly description: string;
  /** Why the fuzzer cannot run on this machine; undefined where it can. The run then says "skipped". */
  unavailable?(): string | undefined;
  /** Runs cases until `run.cases()` ends. It rejects when it finds a fault. */
  fuzz(run: FuzzRun): Promise<void>;
}

export interface FuzzCase {
  readonly index: number;
  /** Every choice of the case comes from here, so that seed and index repeat the case. */
  readonly random: Random;
}

/** One run of one fuzzer, in a process of its own. */
export class FuzzRun {
  /** Cases that were started. A fuzzer that counts by itself, such as libFuzzer, adds its own. */
  count = 0;
  readonly #end: number;

  /**
   * @param only the one case to run; undefined runs cases until the time is over
   * @param progress file descriptor that gets the index of each case, for the report of a crash
   */
  constructor(
    readonly seed: number,
    readonly seconds: number,
    readonly only?: number,
    readonly progress?: number,
  ) {
    this.#end = Date.now() + seconds * 1000;
  }

  /** Seconds that are left, at least 0. */
  get secondsLeft(): number {
    return Math.max(0, (this.#end - Date.now()) / 1000);
  }

  /** Cases one after the other until the time is over. There is always at least one. */
  *cases(): Generator<FuzzCase, void, undefined> {
    if (this.only !== undefined) return yield this.#case(this.only);
    for (let index = 0; index === 0 || this.secondsLeft > 0; index++) yield this.#case(index);
  }

  #case(index: number): FuzzCase {
    this.count++;
    if (this.progress !== undefined) writeSync(this.progress, `${index}\n`, 0);
    // Neighbouring seeds and indices must not give the same case.
    return {
      index,
      random: new Random(Math.imul(this.seed, 0x9e3779b1) ^ Math.imul(index, 0x85ebca6b)),
    };
  }
}
