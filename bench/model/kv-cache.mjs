import { readEntries } from "./gguf.mjs";

const BYTES_PER_VALUE = 2; // f16, the default of every engine here

/** Returns a function that reads a hyperparameter of a llama model by name. */
function readNumbers(modelPath) {
  const entries = readEntries(modelPath);
  return (key) => {
    const entry = entries.get(`llama.${key}`);
    if (!entry) throw new Error(`${modelPath} has no llama.${key}`);
    return entry.readUInt32LE(entry.length - 4);
  };
}

/** The training length of a llama model in tokens. */
export function trainedTokens(modelPath) {
  return readNumbers(modelPath)("context_length");
}

/** Bytes of a llama model's KV cache: keys and values of each layer for each token of the context. */
export function kvCacheBytes(modelPath, contextTokens) {
  const number = readNumbers(modelPath);
  const headSize = number("embedding_length") / number("attention.head_count");
  const width = headSize * number("attention.head_count_kv");
  return 2 * number("block_count") * width * contextTokens * BYTES_PER_VALUE;
}
