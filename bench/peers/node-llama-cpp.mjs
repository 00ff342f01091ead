/**
 * node-llama-cpp with its prebuilt binary, from npm. The bench uses its fastest interface: tokens of a sequence,
 * without text.
 */
import { GenerationClock } from "../generation-clock.mjs";
import { replayKeystrokes } from "../keystrokes.mjs";
import { runQueued } from "../queue.mjs";
import { installPeer } from "./install.mjs";

/** The module of the import case. */
export const entry = new URL("node_modules/node-llama-cpp/dist/index.js", import.meta.url).href;

/** The package with the prebuilt binary for this machine. */
function binaryPackage(onGpu) {
  const system = { linux: "linux", darwin: "mac", win32: "win" }[process.platform];
  const isMetal = process.platform === "darwin" && process.arch === "arm64";
  const suffix = isMetal ? "-metal" : onGpu ? "-cuda" : "";
  return `@node-llama-cpp/${system}-${process.arch}${suffix}`;
}

/** Installs the package and the binary for this machine. */
export async function prepare({ gpuLayers }) {
  await installPeer("node-llama-cpp", binaryPackage(gpuLayers !== 0));
}

/** Loads a model; `options` are those of {@link import("../engine.mjs").Engine}. */
export async function load({ modelPath, threads, gpuLayers, contextSize, parallel }) {
  const { getLlama, LlamaCompletion, LlamaLogLevel } = await import(entry);
  const llama = await getLlama({
    gpu: gpuLayers === 0 ? false : "auto",
    build: "never",
    maxThreads: threads,
    logLevel: LlamaLogLevel.error,
  });
  const model = await llama.loadModel({ modelPath, gpuLayers: gpuLayers === 0 ? 0 : "max" });
  // Its contextSize is per sequence. In our library all sequences share it.
  const context = await model.createContext({
    threads,
    contextSize: Math.floor(contextSize / parallel),
    sequences: parallel,
  });
  const sequences = Array.from({ length: parallel }, () => context.getSequence());

  async function generateOn(sequence, { prompt, maxTokens }) {
    const clock = new GenerationClock();
    // Keeps the cells of the sequence that match the prompt's prefix.
    await sequence.adaptStateToTokens(prompt.slice(0, -1));
    const rest = prompt.slice(sequence.nextTokenIndex);
    const tokens = [];
    for await (const token of sequence.evaluate(rest, { temperature: 0, yieldEogToken: true })) {
      clock.arrived();
      if (tokens.push(token) === maxTokens) break;
    }
    return clock.result({ promptTokens: prompt.length, tokens });
  }

  const completion = new LlamaCompletion({
    contextSequence: sequences[0],
    autoDisposeSequence: false,
  });

  function infill({ prefix, suffix }, onTextChunk, signal, maxTokens) {
    const options = { maxTokens, temperature: 0, signal, onTextChunk };
    return completion.generateInfillCompletion(prefix, suffix, options);
  }

  return {
    generate: (request) => generateOn(sequences[0], request),
    generateMany: (requests) =>
      Promise.all(requests.map((request, index) => generateOn(sequences[index], request))),
    generateQueued: ({ requests }) =>
      runQueued(requests, parallel, (request, place) => generateOn(sequences[place], request)),
    type: ({ edits, maxTokens }) =>
      replayKeystrokes(edits, (edit, onToken, signal) => infill(edit, onToken, signal, maxTokens)),
    close: () => llama.dispose(),
  };
}
