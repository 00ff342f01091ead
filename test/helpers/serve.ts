import { startCommand } from "./command-line.ts";

/** Starts `serve` on a free port and waits until it says where it is. */
export async function serve(...args: string[]) {
  const { child, outcome } = startCommand(["serve", "--port", "0", "--threads", "1", ...args]);
  let output = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on("data", (piece) => {
      output += piece;
      const found = /Serving .* at (\S+);/.exec(output)?.[1];
      if (found !== undefined) resolve(found);
    });
    outcome.then(({ stderr }) => reject(new Error(stderr)));
  });
  return { child, outcome, url };
}
