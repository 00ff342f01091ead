/** This library, as its users get it: the built package. */
import { existsSync } from "node:fs";
import { Failure } from "../../scripts/project.mjs";

const ENTRY = new URL("../../dist/index.js", import.meta.url);

/** What the import case imports. */
export const entry = ENTRY.href;

/** Checks that the library is built. */
export async function prepare() {
  if (existsSync(ENTRY)) return;
  throw new Failure("node-codellama is not built.", "Run `npm run build` first.");
}

/** Loads a model; `options` are those of {@link import("../engine.mjs").startEngine}. */
export async function load({ modelPath, ...options }) {
  const { CodeLlama } = await import(ENTRY.href);
  const llama = await CodeLlama.load(modelPath, options);

  const start = ({ prompt, maxTokens }) =>
    llama.generate(Int32Array.from(prompt), { maxTokens, temperature: 0, ignoreEos: true });

  /** Reads one stream to its end, as a caller would. */
  async function generate(request) {
    const started = performance.now();
    const generation = start(request);
    for await (const _ of generation);
    const { tokens, usage, timings } = await generation;
    // All that is not queue or prefill counts as decode, our delivery to JavaScript included.
    const decodeMs = performance.now() - started - timings.queuedMs - timings.prefillMs;
    return {
      tokens: Array.from(tokens),
      prefillTokensPerSecond: (1000 * usage.promptTokens) / timings.prefillMs,
      decodeTokensPerSecond: (1000 * (usage.completionTokens - 1)) / decodeMs,
    };
  }

  return {
    generate,
    generateMany: (requests) => Promise.all(requests.map(generate)),
    close: () => llama.close(),
  };
}
