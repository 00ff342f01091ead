/** Makes models of random weights in Code Llama's shapes. Speed does not depend on the weights. */
import { decodeBytes } from "../../../bench/model/decode-bytes.mjs";
import { findModel } from "../../../bench/models.mjs";
import { runPart } from "../part.mjs";

/** Tokens in the KV cache halfway through the bench's decode case: prompt and half of the answer. */
const DEPTH = 192;

await runPart("models", async ({ models }, save) => {
  const made = {};
  for (const wanted of models) {
    const { name, path } = findModel(wanted);
    made[name] = { path, decodeBytes: decodeBytes(path, DEPTH) };
    save({ models: made });
  }
});
