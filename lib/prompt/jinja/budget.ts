import { LimitError } from "./errors.ts";

// A template comes with the model's file, so its author is unknown. These limits are far above what
// real templates need: a dialog of a hundred thousand messages takes two million steps.
const maxSteps = 8_000_000;
/** Steps of one operation, which nothing can interrupt: some tens of milliseconds. */
const maxStepsAtOnce = 600_000;
/** Steps between two pauses: about half a millisecond. */
const stepsPerSlice = 2000;
const maxMs = 1000; // without the pauses
const maxUnits = 2 ** 25; // UTF-16 units of one text
const maxItems = 2 ** 19; // of one list
const maxDepth = 400; // of nested expressions, statements and macro calls

/**
 * Limits of one rendering. Each operation asks the budget before it creates a value: V8 ends the
 * whole process when a string or an array gets too long or memory runs out, in worker threads too.
 */
export class Budget {
  #spent = 0;
  #spentInSlice = 0;
  #depth = 0;
  #elapsedMs = 0;
  #sliceStart = readClocks();

  /** Whether the renderer should pause. */
  get isSliceSpent(): boolean {
    return this.#spentInSlice >= stepsPerSlice;
  }

  /** Yields once, so that the caller can run other work, and starts a new slice. */
  *pause(): Generator<void, void> {
    const now = readClocks();
    // The smaller clock is the fair one. A thread that the system does not schedule uses no CPU
    // time, and other threads of the process add to its CPU time.
    this.#elapsedMs += Math.min(now.wall - this.#sliceStart.wall, now.cpu - this.#sliceStart.cpu);
    if (this.#elapsedMs > maxMs) throw new LimitError(`takes longer than ${maxMs} ms`);
    yield;
    this.#spentInSlice = 0;
    this.#sliceStart = readClocks();
  }

  /** Call before an operation. One step costs about a quarter of a microsecond. */
  spend(steps: number): void {
    this.#spent += steps;
    this.#spentInSlice += steps;
    if (this.#spent > maxSteps) throw new LimitError("takes too many steps");
    if (this.#spentInSlice > maxStepsAtOnce) {
      throw new LimitError("does too much in one operation");
    }
  }

  /** Call before creating or scanning a text of `units` UTF-16 units. */
  spendUnits(units: number): void {
    this.checkUnits(units);
    this.spend(1 + units / 16);
  }

  /** Call before a text grows to `units` UTF-16 units. Spends no steps. */
  checkUnits(units: number): void {
    if (!(units <= maxUnits)) throw new LimitError("makes too long a text");
  }

  /**
   * Call before comparing two texts. V8 compares characters only if the lengths are equal, and it
   * flattens a concatenated string first.
   */
  spendComparison(left: string, right: string): void {
    if (left.length === right.length) this.spendUnits(left.length);
  }

  /** Call before searching `part` in `text`. V8's search may compare `part` at every position. */
  spendSearch(text: string, part: string): void {
    const positions = Math.max(0, text.length - part.length);
    this.spendUnits(text.length);
    this.spend((text.length / 16) * Math.floor(Math.min(part.length, positions) / 32));
  }

  /** Call before creating or scanning a list of `items` items. */
  spendItems(items: number): void {
    if (!(items <= maxItems)) throw new LimitError("makes too long a list");
    this.spend(1 + items * 3);
  }

  /** Call before going one nesting level deeper. */
  enter(): void {
    if (++this.#depth > maxDepth) throw new LimitError("is nested too deeply");
  }

  /** Pairs with `enter()`. An exception ends the rendering, so it may skip this call. */
  leave(): void {
    this.#depth--;
  }
}

/** Milliseconds of wall-clock time and of the process's CPU time. */
function readClocks(): { readonly wall: number; readonly cpu: number } {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1000 };
}
