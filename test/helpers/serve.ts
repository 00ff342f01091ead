import { startCommand } from "./command-line.ts";

const watchChild = new URL("event-loop/watch-child.mjs", import.meta.url).href;

/**
 * Starts `serve` on a free port and waits until it prints its URL. From then on the watchdog watches
 * its event loop, if NODE_CODELLAMA_HELD_FILE names a file for the reports.
 */
export async function serve(...args: string[]) {
  const isWatched = process.env.NODE_CODELLAMA_HELD_FILE !== undefined;
  const { child, outcome } = startCommand(["serve", "--port", "0", "--threads", "1", ...args], {
    ...(isWatched && { nodeOptions: ["--import", watchChild] }),
  });
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", (piece) => {
      output += piece;
      const found = /Serving .* at (\S+);/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
    outcome.then(({ stderr }) => reject(new Error(stderr)));
  });
  if (isWatched) child.kill("SIGUSR2");
  return { child, outcome, url };
}
