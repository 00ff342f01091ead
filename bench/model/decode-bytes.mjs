import { readTensorBytes } from "./gguf.mjs";
import { kvCacheBytes } from "./kv-cache.mjs";

/**
 * Bytes that one stream reads for one token: all weights except the embedding, of which it reads one row, and the
 * keys and values of the tokens before it.
 *
 * @param {string} modelPath
 * @param {number} depth tokens before it
 */
export function decodeBytes(modelPath, depth) {
  const tensors = readTensorBytes(modelPath);
  // A model without an output matrix uses the embedding as its output matrix.
  if (tensors.has("output.weight")) tensors.delete("token_embd.weight");
  const weights = [...tensors.values()].reduce((sum, bytes) => sum + bytes, 0);
  return weights + kvCacheBytes(modelPath, depth);
}
