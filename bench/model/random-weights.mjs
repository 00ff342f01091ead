/**
 * Random weights in llama.cpp's quantised block layouts. The blocks are random bytes; only their
 * scale factors are set, so that the values have a chosen standard deviation and activations stay
 * near one through the whole stack.
 */
import { createCipheriv } from "node:crypto";

/** Tensor types, by llama.cpp's numbers. */
export const F32 = 0;
export const Q4_K = 12;
export const Q6_K = 14;

/** Weights and bytes of one block. */
const BLOCK = {
  [F32]: { weights: 1, bytes: 4 },
  [Q4_K]: { weights: 256, bytes: 144 },
  [Q6_K]: { weights: 256, bytes: 210 },
};

/** The standard deviation of a block of uniform random bytes whose scale is one. */
const Q4_K_DEVIATION = 254;
const Q6_K_DEVIATION = 1366;
/** A Q4_K block's offset over its scale that makes the mean zero: the mean of 0 to 15. */
const Q4_K_OFFSET = 7.5;

const CHUNK_BYTES = 16 * 2 ** 20;

/** Bytes of a tensor. */
export function tensorBytes(shape, type) {
  const { weights, bytes } = BLOCK[type];
  return (shape.reduce((product, size) => product * size, 1) / weights) * bytes;
}

/** Encodes a small positive number as an IEEE half; subnormal halves included. */
function half(value) {
  const exponent = Math.max(Math.floor(Math.log2(value)), -14);
  const mantissa = Math.round((value / 2 ** exponent) * 1024);
  const isSubnormal = mantissa < 1024;
  return isSubnormal ? mantissa : ((exponent + 15) << 10) + (mantissa - 1024);
}

/** Deterministic random bytes: the key stream of AES in counter mode. */
export function randomSource(seed) {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  const cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  const zeros = Buffer.alloc(CHUNK_BYTES);
  return (bytes) => cipher.update(zeros.subarray(0, bytes));
}

function setScales(blocks, type, deviation) {
  if (type === Q4_K) {
    const scale = half(deviation / Q4_K_DEVIATION);
    const offset = half((Q4_K_OFFSET * deviation) / Q4_K_DEVIATION);
    for (let at = 0; at < blocks.length; at += BLOCK[Q4_K].bytes) {
      blocks.writeUInt16LE(scale, at);
      blocks.writeUInt16LE(offset, at + 2);
    }
  } else {
    const scale = half(deviation / Q6_K_DEVIATION);
    const { bytes } = BLOCK[Q6_K];
    for (let at = bytes - 2; at < blocks.length; at += bytes) blocks.writeUInt16LE(scale, at);
  }
}

/** The ones of a norm's weights. */
export function ones(count) {
  const bytes = Buffer.alloc(4 * count);
  for (let index = 0; index < count; index++) bytes.writeFloatLE(1, 4 * index);
  return bytes;
}

/**
 * Yields a tensor's bytes, some rows at a time.
 *
 * @param {(bytes: number) => Buffer} random
 * @param {{ shape: number[], type: number, deviation: number, zeroRows?: number[] }} tensor
 */
export function* randomTensor(random, { shape, type, deviation, zeroRows = [] }) {
  const [width, rows] = shape;
  const rowBytes = tensorBytes([width], type);
  const rowsAtOnce = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
  for (let first = 0; first < rows; first += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - first);
    const blocks = random(count * rowBytes);
    setScales(blocks, type, deviation);
    for (const row of zeroRows) {
      const at = (row - first) * rowBytes;
      if (at >= 0 && at < blocks.length) blocks.fill(0, at, at + rowBytes);
    }
    yield blocks;
  }
}
