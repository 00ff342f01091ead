/**
 * node-llama-cpp, installed from npm into this folder: its prebuilt binary, and the fastest of its
 * interfaces (tokens of a sequence; no text is made of them).
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { npmCommand, run } from "../../scripts/command.mjs";
import { say } from "../../scripts/terminal.mjs";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** What the import case imports. */
export const entry = new URL("node_modules/node-llama-cpp/dist/index.js", import.meta.url).href;

/** The package with the prebuilt CPU binary for this machine. */
function binaryPackage() {
  const system = { linux: "linux", darwin: "mac", win32: "win" }[process.platform];
  const suffix = process.platform === "darwin" && process.arch === "arm64" ? "-metal" : "";
  return `@node-llama-cpp/${system}-${process.arch}${suffix}`;
}

/**
 * Installs it, without its install script (which would compile) and without its optional packages
 * (binaries for every platform and GPU, gigabytes of them).
 */
export async function prepare() {
  if (existsSync(new URL(entry))) return;
  const { dependencies } = JSON.parse(readFileSync(`${FOLDER}package.json`, "utf8"));
  say("Installing node-llama-cpp into bench/peers");
  const binary = `${binaryPackage()}@${dependencies["node-llama-cpp"]}`;
  const flags = "--omit=optional --ignore-scripts --no-save --no-package-lock --no-audit --no-fund";
  await run([...npmCommand(), "install", ...flags.split(" "), binary], { cwd: FOLDER });
}

/** Loads a model; `options` are those of {@link import("../engine.mjs").startEngine}. */
export async function load({ modelPath, threads, contextSize, parallel }) {
  const { getLlama, LlamaLogLevel } = await import(entry);
  const llama = await getLlama({
    gpu: false,
    build: "never",
    maxThreads: threads,
    logLevel: LlamaLogLevel.error,
  });
  const model = await llama.loadModel({ modelPath });
  // Its contextSize is that of each sequence, ours is shared by all of them.
  const context = await model.createContext({
    threads,
    contextSize: Math.floor(contextSize / parallel),
    sequences: parallel,
  });
  const sequences = Array.from({ length: parallel }, () => context.getSequence());

  async function generateOn(sequence, { prompt, maxTokens }) {
    await sequence.clearHistory();
    const tokens = [];
    const started = performance.now();
    let firstToken = started;
    for await (const token of sequence.evaluate(prompt, { temperature: 0, yieldEogToken: true })) {
      if (tokens.push(token) === 1) firstToken = performance.now();
      if (tokens.length === maxTokens) break;
    }
    return {
      tokens,
      prefillTokensPerSecond: (1000 * prompt.length) / (firstToken - started),
      decodeTokensPerSecond: (1000 * (tokens.length - 1)) / (performance.now() - firstToken),
    };
  }

  return {
    generate: (request) => generateOn(sequences[0], request),
    generateMany: (requests) =>
      Promise.all(requests.map((request, index) => generateOn(sequences[index], request))),
    close: () => llama.dispose(),
  };
}
