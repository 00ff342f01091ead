/** Models of random weights in the shapes of Code Llama: speed does not ask what the weights are. */
import { decodeBytes } from "../../../bench/model/decode-bytes.mjs";
import { findModel } from "../../../bench/models.mjs";
import { runPart } from "../part.mjs";

/** What the bench's decode case has before its middle token: 64 of the prompt, 128 of the answer. */
const DEPTH = 192;

await runPart("models", async ({ models }, save) => {
  const made = {};
  for (const wanted of models) {
    const { name, path } = findModel(wanted);
    made[name] = { path, decodeBytes: decodeBytes(path, DEPTH) };
    save({ models: made });
  }
});
