/** The child process of engine.mjs: loads one peer and answers the parent's messages. */
import { watchEventLoop } from "./event-loop.mjs";

const peer = await import(`./peers/${process.argv[2]}.mjs`);
let engine;

const methods = {
  async load(options) {
    engine = await peer.load(options);
  },
  async memory() {
    const { maxRSS } = process.resourceUsage();
    return { rssBytes: process.memoryUsage.rss(), peakRssBytes: maxRSS * 1024 };
  },
};

process.on("message", async ({ id, method, params, watch }) => {
  try {
    const call = () => (methods[method] ?? engine[method])(params);
    process.send?.(watch ? { id, ...(await watchEventLoop(call)) } : { id, result: await call() });
  } catch (error) {
    process.send?.({ id, error: error.stack });
  }
});

process.on("disconnect", () => process.exit());
