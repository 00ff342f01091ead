import { readEntries } from "./gguf.mjs";

const BYTES_PER_VALUE = 2; // f16, the default of every engine here

/** Bytes of a llama model's KV cache: keys and values of each layer for each token of the context. */
export function kvCacheBytes(modelPath, contextTokens) {
  const entries = readEntries(modelPath);
  const number = (key) => {
    const entry = entries.get(`llama.${key}`);
    return entry.readUInt32LE(entry.length - 4);
  };
  const headSize = number("embedding_length") / number("attention.head_count");
  const width = headSize * number("attention.head_count_kv");
  return 2 * number("block_count") * width * contextTokens * BYTES_PER_VALUE;
}
