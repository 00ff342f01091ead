import { LimitError } from "./errors.ts";

// A template comes with the model's file, and may be anything. These bounds are far above what real
// templates take: a dialog of a hundred thousand messages takes two million steps.
const mostSteps = 8_000_000;
/** Steps of one operation, which nothing can interrupt: some tens of milliseconds. */
const mostStepsAtOnce = 600_000;
/** Steps before others get their turn: about half a millisecond. */
const sliceSteps = 2000;
const mostMs = 1000; // without the pauses
const mostUnits = 2 ** 25; // UTF-16 units of one text
const mostItems = 2 ** 19; // of one list
const deepest = 400; // expressions, statements and macros inside each other

/**
 * What a rendering may take. Each operation asks before it makes a value, because V8 ends the whole
 * process where a string or an array gets too long or memory runs out, in worker threads too.
 */
export class Budget {
  #spent = 0;
  #slice = 0;
  #depth = 0;
  #elapsedMs = 0;
  #began = clocks();

  /** Whether it is time to pause. */
  get isSliceSpent(): boolean {
    return this.#slice >= sliceSteps;
  }

  /** Lets others have their turn. */
  *pause(): Generator<void, void> {
    const now = clocks();
    // A starved thread has little CPU time, and a process with busy other threads much of it.
    this.#elapsedMs += Math.min(now.wall - this.#began.wall, now.cpu - this.#began.cpu);
    if (this.#elapsedMs > mostMs) throw new LimitError(`takes longer than ${mostMs} ms`);
    yield;
    this.#slice = 0;
    this.#began = clocks();
  }

  spend(steps: number): void {
    this.#spent += steps;
    this.#slice += steps;
    if (this.#spent > mostSteps) throw new LimitError("takes too many steps");
    if (this.#slice > mostStepsAtOnce) throw new LimitError("does too much in one operation");
  }

  /** Call before making or scanning a text of `units` UTF-16 units. */
  spendUnits(units: number): void {
    this.checkUnits(units);
    this.spend(1 + units / 16);
  }

  /** Call before a text grows to `units` UTF-16 units. It spends no steps. */
  checkUnits(units: number): void {
    if (!(units <= mostUnits)) throw new LimitError("makes too long a text");
  }

  /**
   * Before two texts are compared. V8 compares none of different lengths, and joins the pieces of a
   * text that was put together.
   */
  spendComparison(left: string, right: string): void {
    if (left.length === right.length) this.spendUnits(left.length);
  }

  /** Before a part is looked for in a text. The search of V8 may compare the part at each place. */
  spendSearch(text: string, part: string): void {
    const places = Math.max(0, text.length - part.length);
    this.spendUnits(text.length);
    this.spend((text.length / 16) * Math.floor(Math.min(part.length, places) / 32));
  }

  /** Call before making or scanning a list of `items` items. */
  spendItems(items: number): void {
    if (!(items <= mostItems)) throw new LimitError("makes too long a list");
    this.spend(1 + items * 3);
  }

  enter(): void {
    if (++this.#depth > deepest) throw new LimitError("is nested too deeply");
  }

  leave(): void {
    this.#depth--;
  }
}

function clocks(): { readonly wall: number; readonly cpu: number } {
  const { user, system } = process.cpuUsage();
  return { wall: performance.now(), cpu: (user + system) / 1000 };
}
