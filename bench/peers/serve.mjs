/** Our `serve` over HTTP. */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { GenerationClock } from "../generation-clock.mjs";
import { freePort, readEvents, startServer } from "../http-server.mjs";

export async function prepare() {}

/** Starts a server; `options` are those of {@link import("../engine.mjs").Engine}. */
export async function load({ modelPath, threads, gpuLayers, contextSize, parallel, kvUnified }) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const flags = {
    model: modelPath,
    threads,
    "gpu-layers": gpuLayers,
    "context-size": contextSize,
    parallel,
    port,
    ...(kvUnified !== undefined && { "kv-unified": kvUnified }),
  };
  const args = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
  const watched = new URL("../watched-process.mjs", import.meta.url).href;
  const server = await startServer(
    process.execPath,
    ["--import", watched, main, "serve", "--quiet", ...args],
    url,
    { channel: true },
  );

  /** Measures the server's event loop during a call. */
  async function watchServer(call) {
    server.process.send("watch");
    const result = await call();
    server.process.send("stop");
    const [eventLoop] = await once(server.process, "message");
    return { result, eventLoop };
  }

  async function generate({ prompt, maxTokens }) {
    const clock = new GenerationClock();
    const response = await fetch(`${url}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        prompt,
        max_tokens: maxTokens,
        temperature: 0,
        ignore_eos: true,
        stream: true,
      }),
    });
    if (!response.ok) throw new Error(await response.text());
    let received = 0;
    for await (const { choices } of readEvents(response)) {
      const isLast = choices[0].finish_reason !== null;
      const count = isLast ? maxTokens - received : Math.min(1, maxTokens - received);
      received += count;
      if (count > 0) clock.arrived(count);
    }
    return clock.result({ promptTokens: prompt.length, tokens: [] });
  }

  return {
    generate,
    generateMany: (requests) => Promise.all(requests.map(generate)),
    generateWatched: (requests) => watchServer(() => Promise.all(requests.map(generate))),
    close: () => server.close(),
  };
}
