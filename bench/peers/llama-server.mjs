/** llama.cpp's own server, compiled from our pin with our flags, spoken to over HTTP. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { GenerationClock } from "../generation-clock.mjs";
import { replayKeystrokes } from "../keystrokes.mjs";
import { buildProgram, programPath } from "../llama-tools.mjs";

/** Compiles it. */
export async function prepare() {
  await buildProgram("llama-server");
}

/** A port that nobody listens at. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The events of a stream of server-sent events, each as its JSON. */
async function* readEvents(response) {
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data: {")) yield JSON.parse(line.slice("data: ".length));
    }
  }
}

/**
 * Starts a server; `options` are those of {@link import("../engine.mjs").startEngine}.
 * `speculation: "ngram"` lets it draft from n-grams; without, it does not, as is its default.
 */
export async function load({ modelPath, threads, contextSize, parallel, speculation }) {
  const port = await freePort();
  const options = { m: modelPath, t: threads, c: contextSize, np: parallel, ngl: 0, port };
  const args = Object.entries(options).flatMap(([name, value]) => [
    name.length > 3 ? `--${name}` : `-${name}`,
    String(value),
  ]);
  if (speculation === "ngram") args.push("--spec-type", "ngram-simple");
  const server = spawn(programPath("llama-server"), args, { stdio: "ignore" });
  process.once("exit", () => server.kill("SIGKILL"));
  const url = `http://127.0.0.1:${port}`;
  while (
    !(await fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (server.exitCode !== null) throw new Error(`llama-server ended with ${server.exitCode}`);
    await sleep(50);
  }

  async function post(path, body, onTokens, signal) {
    const send = () =>
      fetch(url + path, {
        method: "POST",
        body: JSON.stringify({ stream: true, temperature: 0, cache_prompt: true, ...body }),
        signal,
      });
    // A connection that was kept open may be closed just when it is used again.
    const response = await send().catch((error) => {
      if (signal?.aborted) throw error;
      return send();
    });
    if (!response.ok) throw new Error(await response.text());
    for await (const { tokens = [] } of readEvents(response)) onTokens(tokens);
  }

  async function generate({ prompt, maxTokens }) {
    const clock = new GenerationClock();
    const all = [];
    const body = { prompt, n_predict: maxTokens, ignore_eos: true };
    await post("/completion", body, (tokens) => {
      all.push(...tokens);
      clock.arrived(tokens.length);
    });
    return clock.result({ promptTokens: prompt.length, tokens: all });
  }

  function infill({ prefix, suffix }, onToken, signal, maxTokens) {
    const body = { input_prefix: prefix, input_suffix: suffix, n_predict: maxTokens };
    return post("/infill", body, onToken, signal);
  }

  return {
    generate,
    generateMany: (requests) => Promise.all(requests.map(generate)),
    // It has a queue of its own.
    generateQueued: ({ requests }) => Promise.all(requests.map(generate)),
    type: ({ edits, maxTokens }) =>
      replayKeystrokes(edits, (edit, onToken, signal) => infill(edit, onToken, signal, maxTokens)),
    async close() {
      server.kill();
      if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
    },
  };
}
