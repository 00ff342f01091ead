/**
 * Loaded into another process with `--import`. Measures that process's event loop from the message "watch" to
 * the next message, and answers with the result.
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
// The channel must not keep the process alive.
process.channel?.unref();
