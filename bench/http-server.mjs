/** Starts servers as child processes and reads their streams. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A free port. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  server.close();
  await once(server, "close");
  return port;
}

/** The events of a stream of server-sent events, parsed from JSON. */
export async function* readEvents(response) {
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data: {")) yield JSON.parse(line.slice("data: ".length));
    }
  }
}

const STOP_MS = 5000;

/**
 * Starts a server and waits until it is healthy. The caller sets the time limit. `channel` adds a channel for
 * messages, if the program is Node.js.
 */
export async function startServer(program, args, url, { channel = false } = {}) {
  /** @type {import("node:child_process").StdioOptions} */
  const stdio = channel ? ["ignore", "ignore", "ignore", "ipc"] : "ignore";
  const server = spawn(program, args, { stdio });
  process.once("exit", () => server.kill("SIGKILL"));
  while (
    !(await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    const end = server.exitCode ?? server.signalCode;
    if (end !== null) throw new Error(`${program} ended with ${end}`);
    await sleep(50);
  }
  return {
    process: server,
    async close() {
      if ((server.exitCode ?? server.signalCode) !== null) return;
      const ended = once(server, "exit");
      server.kill();
      // Some servers wait for their open streams.
      const timer = setTimeout(() => server.kill("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(timer);
    },
  };
}
