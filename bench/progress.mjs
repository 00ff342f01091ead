import cliProgress from "cli-progress";
import { note } from "../scripts/terminal.mjs";

/** A progress bar for one long step. Without a terminal it prints a line for each quarter. */
export class ProgressBar {
  /** @type {cliProgress.SingleBar | null} */
  #bar = null;
  #quarter = 0;

  /** @param {number} fraction 0 to 1 */
  update(fraction) {
    if (!process.stderr.isTTY) {
      const quarter = Math.floor(4 * fraction);
      if (quarter > this.#quarter) note(`${25 * quarter}%`);
      this.#quarter = quarter;
      return;
    }
    this.#bar ??= startBar();
    this.#bar.update(Math.round(100 * fraction));
  }

  stop() {
    this.#bar?.stop();
  }
}

function startBar() {
  const format = "  {bar} {percentage}% {duration_formatted}";
  const bar = new cliProgress.SingleBar({ format, clearOnComplete: true, hideCursor: true });
  bar.start(100, 0);
  return bar;
}

/** Prints the current measurement. A terminal shows it in one line, which the next one overwrites. */
export function announce(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K  ${text}`);
  else note(text);
}

/** Clears the line of the last announcement. */
export function clearAnnouncement() {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
}
