import cliProgress from "cli-progress";
import { note, say } from "./terminal.mjs";

/**
 * Shows the progress of a compilation, read from the lines that ninja (`[12/345] …`) or make (`[ 12%] …`)
 * print. On a terminal it is a bar, elsewhere a line for each tenth.
 */
export class BuildProgress {
  #title;
  /** @type {cliProgress.SingleBar | null} */
  #bar = null;
  #tenth = -1;
  #started = Date.now();

  /** @param {string} title printed when the first file is compiled */
  constructor(title) {
    this.#title = title;
  }

  /** @param {string} line one line of the build's output */
  take(line) {
    const step = readStep(line);
    if (!step || step.done === 0) return;
    if (this.isIdle) say(this.#title);
    if (process.stderr.isTTY) this.#draw(step);
    else this.#print(step);
  }

  stop() {
    this.#bar?.stop();
  }

  /** True until the first file is compiled. */
  get isIdle() {
    return this.#bar === null && this.#tenth < 0;
  }

  get seconds() {
    return Math.round((Date.now() - this.#started) / 1000);
  }

  #draw({ done, total, what }) {
    this.#bar ??= startBar(total);
    this.#bar.setTotal(total);
    this.#bar.update(done, { what: what.slice(0, 32) });
  }

  #print({ done, total }) {
    const tenth = Math.floor((10 * done) / total);
    if (tenth <= this.#tenth) return;
    this.#tenth = tenth;
    if (tenth === 0) return;
    note(`${tenth * 10}% compiled after ${this.seconds} s`);
  }
}

function startBar(total) {
  const bar = new cliProgress.SingleBar({
    format: "  {bar} {percentage}% {duration_formatted} {what}",
    barsize: 30,
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  });
  bar.start(total, 0, { what: "" });
  return bar;
}

function readStep(line) {
  const ninja = /^\[(\d+)\/(\d+)\] (.*)/.exec(line);
  if (ninja) return { done: Number(ninja[1]), total: Number(ninja[2]), what: shortName(ninja[3]) };
  const make = /^\[ *(\d+)%\] ((?:Building|Linking) .*)/.exec(line);
  if (make) return { done: Number(make[1]), total: 100, what: shortName(make[2]) };
  return undefined;
}

/** The compiled file: "llama.cpp" for "Building CXX object llama.cpp/src/llama.cpp.o". */
function shortName(text) {
  return (/([^/\s]+?)(?:\.o|\.obj)?$/.exec(text)?.[1] ?? "").trim();
}
