/** llama.cpp's server over HTTP, compiled from our pin with our flags. */
import { GenerationClock } from "../generation-clock.mjs";
import { freePort, readEvents, startServer } from "../http-server.mjs";
import { replayKeystrokes } from "../keystrokes.mjs";
import { ALL_LAYERS, buildProgram, programPath } from "../llama-tools.mjs";

/** Compiles llama-server. */
export async function prepare() {
  await buildProgram("llama-server");
}

/**
 * Starts a server; `options` are those of {@link import("../engine.mjs").Engine}.
 * `speculation: "ngram"` drafts from n-grams. By default llama-server does not speculate.
 */
export async function load(wanted) {
  const { modelPath, threads, gpuLayers, splitMode, contextSize, parallel, speculation } = wanted;
  const port = await freePort();
  const ngl = gpuLayers === "auto" ? ALL_LAYERS : gpuLayers;
  const options = { m: modelPath, t: threads, c: contextSize, np: parallel, ngl, port };
  const args = Object.entries(options).flatMap(([name, value]) => [
    name.length > 3 ? `--${name}` : `-${name}`,
    String(value),
  ]);
  if (splitMode) args.push("--split-mode", splitMode);
  if (speculation === "ngram") args.push("--spec-type", "ngram-simple");
  const url = `http://127.0.0.1:${port}`;
  const server = await startServer(programPath("llama-server"), args, url);

  async function post(path, body, onTokens, signal) {
    const send = () =>
      fetch(url + path, {
        method: "POST",
        body: JSON.stringify({ stream: true, temperature: 0, cache_prompt: true, ...body }),
        signal,
      });
    // The server may close a kept connection at the moment when it is used again.
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
    // llama-server has its own queue.
    generateQueued: ({ requests }) => Promise.all(requests.map(generate)),
    type: ({ edits, maxTokens }) =>
      replayKeystrokes(edits, (edit, onToken, signal) => infill(edit, onToken, signal, maxTokens)),
    close: () => server.close(),
  };
}
