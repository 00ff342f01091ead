/** This library as users get it: the built package. */
import { existsSync } from "node:fs";
import { Failure } from "../../scripts/project.mjs";
import { GenerationClock } from "../generation-clock.mjs";
import { replayKeystrokes } from "../keystrokes.mjs";

const ENTRY = new URL("../../dist/index.js", import.meta.url);

/** The module of the import case. */
export const entry = ENTRY.href;

/** Checks that the library is built. */
export async function prepare() {
  if (existsSync(ENTRY)) return;
  throw new Failure("node-codellama is not built.", "Run `npm run setup` first.");
}

/** Loads a model; `options` are those of {@link import("../engine.mjs").Engine}. */
export async function load({ modelPath, ...options }) {
  const { CodeLlama } = await import(ENTRY.href);
  const llama = await CodeLlama.load(modelPath, options);

  /** Reads one stream to its end, like a caller. */
  async function generate({ prompt, maxTokens }) {
    const clock = new GenerationClock();
    const generation = llama.generate(Int32Array.from(prompt), {
      maxTokens,
      temperature: 0,
      ignoreEos: true,
    });
    for await (const chunk of generation) clock.arrived(chunk.tokens.length);
    const { tokens, usage } = await generation;
    // The last tokens may not form a whole character.
    clock.arrived(tokens.length - clock.count);
    return clock.result({ promptTokens: usage.promptTokens, tokens: Array.from(tokens) });
  }

  async function infill({ prefix, suffix }, onToken, signal, maxTokens) {
    const options = { maxTokens, temperature: 0, priority: "interactive", signal };
    for await (const _ of llama.infill({ prefix, suffix }, options)) onToken();
  }

  return {
    generate,
    generateMany: (requests) => Promise.all(requests.map(generate)),
    // The library has its own queue.
    generateQueued: ({ requests }) => Promise.all(requests.map(generate)),
    type: ({ edits, maxTokens }) =>
      replayKeystrokes(edits, (edit, onToken, signal) => infill(edit, onToken, signal, maxTokens)),
    close: () => llama.close(),
  };
}
