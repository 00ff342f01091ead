/** The models of the bench, and the length of their prompts. */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { modelPath as tinyPath } from "codellama-tiny";
import { Failure } from "../scripts/project.mjs";
import { say } from "../scripts/terminal.mjs";
import { cacheDirectory } from "./cache.mjs";
import { makeModel } from "./model/make-model.mjs";
import { ProgressBar } from "./progress.mjs";

/** @typedef {{ name: string, path: string, prefillTokens: number }} Model */

/** Models that have a name. */
const MODELS = {
  tiny: () => ({
    name: "codellama-tiny",
    path: tinyPath,
    prefillTokens: 1900, // its context is 2,048 tokens
  }),
  small: () => randomModel("small", "random small", "140 MB"),
  "7b": () => randomModel("7b", "random 7B", "4.1 GB"),
  "13b": () => randomModel("13b", "random 13B", "7.9 GB"),
  "34b": () => randomModel("34b", "random 34B", "20 GB"),
};

function randomModel(shape, name, size) {
  const path = join(cacheDirectory("models"), `random-${shape}-Q4_K_M.gguf`);
  if (!existsSync(path)) {
    say(`Writing a model of random weights, ${size}, to ${path}`);
    const progress = new ProgressBar();
    makeModel(path, shape, tinyPath, (fraction) => progress.update(fraction));
    progress.stop();
  }
  return { name, path, prefillTokens: 2048 };
}

/** Names that `--model` accepts. */
export const modelNames = Object.keys(MODELS);

/**
 * Finds a model by its name or path. Makes a missing model of random weights.
 *
 * @param {string} nameOrPath
 * @returns {Model}
 */
export function findModel(nameOrPath) {
  const known = MODELS[nameOrPath];
  if (known) return known();
  const path = resolve(nameOrPath);
  if (!existsSync(path)) {
    throw new Failure(
      `--model must be ${modelNames.join(", ")} or the path of a GGUF file (got ${nameOrPath}).`,
    );
  }
  return { name: basename(path, ".gguf"), path, prefillTokens: 2048 };
}

const BOS = 1;
const FIRST_PIECE = 259; // after the control tokens and the 256 bytes
const PIECES = 32000;

/**
 * A prompt of pseudo-random tokens. Each seed gives another prompt, so no engine can answer a
 * repetition from its prefix cache.
 *
 * @param {number} length
 * @param {number} seed
 * @returns {number[]}
 */
export function randomPrompt(length, seed) {
  const tokens = [BOS];
  let state = seed + 1;
  while (tokens.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    tokens.push(FIRST_PIECE + ((state >>> 8) % (PIECES - FIRST_PIECE)));
  }
  return tokens;
}
