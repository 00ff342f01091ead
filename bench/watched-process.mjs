/**
 * Loaded into another process with `--import`: measures that process's event loop from the message
 * "watch" to the next one, and answers with what it found.
 */
import { watchEventLoop } from "./event-loop.mjs";

let stop;
process.on("message", async (message) => {
  if (message !== "watch") return stop?.();
  const { eventLoop } = await watchEventLoop(
    () =>
      new Promise((resolve) => {
        stop = resolve;
      }),
  );
  process.send?.(eventLoop);
});
// It must not keep the process alive.
process.channel?.unref();
