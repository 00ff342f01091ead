/**
 * Writes a GGUF file of random weights in the shape and quantisation of a real model. It needs the same memory and
 * time as the real model, and no download. The vocabulary is codellama-tiny's.
 */
import { closeSync, existsSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import {
  aligned,
  encodeHeader,
  float32Entry,
  readEntries,
  stringEntry,
  uint32Entry,
} from "./gguf.mjs";
import { F32, ones, Q4_K, Q6_K, RandomWeights, tensorBytes } from "./random-weights.mjs";

const VOCABULARY = 32016;
/** `general.file_type` of Q4_K_M. */
const FILE_TYPE_Q4_K_M = 15;
const SEED = 1;
/** Deviation of the logits, large enough that greedy decoding does not repeat one token. */
const LOGIT_DEVIATION = 4;

/** UNK, BOS, EOS and CodeLlama's 16 extra pieces. They are never generated, so each run reaches its limit. */
const SILENT_TOKENS = [0, 1, 2, ...Array.from({ length: 16 }, (_, index) => 32000 + index)];

/** Shapes of the CodeLlama family. The small one has the same head size and is quick to measure. */
export const SHAPES = {
  small: { width: 1024, layers: 12, heads: 8, feedForward: 2816, context: 16384 },
  "7b": { width: 4096, layers: 32, heads: 32, feedForward: 11008, context: 16384 },
  "13b": { width: 5120, layers: 40, heads: 40, feedForward: 13824, context: 16384 },
  "34b": {
    width: 8192,
    layers: 48,
    heads: 64,
    keyValueHeads: 8,
    feedForward: 22016,
    context: 16384,
  },
};

/** llama.cpp's rule for the layers of a Q4_K_M file that use the larger type. */
function usesMoreBits(layer, layers) {
  const eighth = Math.floor(layers / 8);
  return layer < eighth || layer >= Math.floor((7 * layers) / 8) || (layer - eighth) % 3 === 2;
}

function planTensors({ width, layers, heads, keyValueHeads = heads, feedForward }) {
  const residual = (2 * layers) ** -0.5; // keeps the residual stream from growing
  const square = [width, width];
  const keyValue = [width, (width / heads) * keyValueHeads];
  const plan = [
    { name: "token_embd", shape: [width, VOCABULARY], type: Q4_K, deviation: 1 },
    { name: "output_norm", shape: [width], type: F32 },
    {
      name: "output",
      shape: [width, VOCABULARY],
      type: Q6_K,
      deviation: LOGIT_DEVIATION * width ** -0.5,
      zeroRows: SILENT_TOKENS,
    },
  ];
  for (let layer = 0; layer < layers; layer++) {
    const more = usesMoreBits(layer, layers) ? Q6_K : Q4_K;
    const into = width ** -0.5;
    const matrices = [
      { name: "attn_q", shape: square, type: Q4_K, deviation: into },
      { name: "attn_k", shape: keyValue, type: Q4_K, deviation: into },
      { name: "attn_v", shape: keyValue, type: more, deviation: into },
      { name: "attn_output", shape: square, type: Q4_K, deviation: residual * into },
      { name: "ffn_gate", shape: [width, feedForward], type: Q4_K, deviation: into },
      { name: "ffn_up", shape: [width, feedForward], type: Q4_K, deviation: into },
      {
        name: "ffn_down",
        shape: [feedForward, width],
        type: more,
        deviation: residual * feedForward ** -0.5,
      },
    ];
    const norms = ["attn_norm", "ffn_norm"].map((name) => ({ name, shape: [width], type: F32 }));
    for (const tensor of [...norms, ...matrices])
      plan.push({ ...tensor, name: `blk.${layer}.${tensor.name}` });
  }
  return plan.map((tensor) => ({
    ...tensor,
    name: `${tensor.name}.weight`,
    bytes: tensorBytes(tensor.shape, tensor.type),
  }));
}

function metadata(name, shape, vocabularyPath) {
  const { width, layers, heads, keyValueHeads = heads, feedForward, context } = shape;
  const tokenizer = [...readEntries(vocabularyPath)]
    .filter(([key]) => key.startsWith("tokenizer."))
    .map(([, entry]) => entry);
  return [
    stringEntry("general.architecture", "llama"),
    stringEntry("general.name", name),
    uint32Entry("general.file_type", FILE_TYPE_Q4_K_M),
    uint32Entry("general.quantization_version", 2),
    uint32Entry("llama.context_length", context),
    uint32Entry("llama.embedding_length", width),
    uint32Entry("llama.block_count", layers),
    uint32Entry("llama.feed_forward_length", feedForward),
    uint32Entry("llama.attention.head_count", heads),
    uint32Entry("llama.attention.head_count_kv", keyValueHeads),
    float32Entry("llama.attention.layer_norm_rms_epsilon", 1e-5),
    uint32Entry("llama.rope.dimension_count", width / heads),
    float32Entry("llama.rope.freq_base", 1e6),
    uint32Entry("llama.vocab_size", VOCABULARY),
    ...tokenizer,
  ];
}

/**
 * Writes the model if it is missing.
 *
 * @param {string} path of the GGUF file to write
 * @param {keyof SHAPES} shapeName
 * @param {string} vocabularyPath a GGUF file with CodeLlama's 32,016 pieces
 * @param {(fraction: number) => void} onProgress
 */
export function makeModel(path, shapeName, vocabularyPath, onProgress) {
  const shape = SHAPES[shapeName];
  const tensors = planTensors(shape);
  const header = encodeHeader(
    // The name is a Code Llama name, so that prompts get Code Llama's format.
    metadata(`Code Llama ${shapeName}, random weights`, shape, vocabularyPath),
    tensors,
  );
  const dataBytes = tensors.reduce((sum, { bytes }) => sum + aligned(bytes), 0);
  if (existsSync(path) && statSync(path).size === header.length + dataBytes) return;

  const partial = `${path}.partial`;
  const file = openSync(partial, "w");
  const weights = new RandomWeights(SEED);
  let written = 0;
  const write = (bytes) => {
    writeSync(file, bytes);
    written += bytes.length;
    onProgress(written / dataBytes);
  };
  writeSync(file, header);
  for (const tensor of tensors) {
    if (tensor.type === F32) write(ones(tensor.shape[0]));
    else for (const bytes of weights.tensor(tensor)) write(bytes);
    const padding = aligned(tensor.bytes) - tensor.bytes;
    if (padding > 0) write(Buffer.alloc(padding));
  }
  closeSync(file);
  renameSync(partial, path);
}
