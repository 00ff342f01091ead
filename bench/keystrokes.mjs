/** Replays typing against an engine that completes at each keystroke. */
import { setTimeout as sleep } from "node:timers/promises";

/** Time from a completion's first token to the next keystroke, which cancels the completion. */
const PAUSE_MS = 30;

/**
 * @param {{ prefix: string, suffix: string }[]} edits the text around the cursor at each keystroke
 * @param {(edit: { prefix: string, suffix: string }, onToken: () => void, signal: AbortSignal) =>
 *   Promise<unknown>} infill rejects when the signal is aborted
 * @returns {Promise<number[]>} milliseconds to the first token, by keystroke
 */
export async function replayKeystrokes(edits, infill) {
  const times = [];
  for (const edit of edits) {
    const controller = new AbortController();
    const started = performance.now();
    let settled;
    const first = new Promise((resolve) => {
      settled = infill(edit, () => resolve(performance.now()), controller.signal)
        .catch((error) => {
          if (!controller.signal.aborted) throw error;
        })
        // A completion may be empty.
        .finally(() => resolve(performance.now()));
    });
    times.push((await first) - started);
    await sleep(PAUSE_MS);
    controller.abort();
    await settled;
  }
  return times;
}
