/**
 * Random weights in llama.cpp's quantised block layouts. The blocks are random bytes. Only their scale factors are
 * set, so that the values have a chosen standard deviation and activations stay near one in all layers.
 */
import { createCipheriv } from "node:crypto";

/** llama.cpp's numbers of the tensor types. */
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
/** Offset of a Q4_K block divided by its scale, for a mean of zero: the mean of 0 to 15. */
const Q4_K_OFFSET = 7.5;

/** Blocks of random bytes: a prime number, 9 MB of Q4_K. */
const POOL_BLOCKS = 65_537;

/** Size of a tensor in bytes. */
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

/** Weights of a norm, which are all one. */
export function ones(count) {
  const bytes = Buffer.alloc(4 * count);
  for (let index = 0; index < count; index++) bytes.writeFloatLE(1, 4 * index);
  return bytes;
}

/**
 * Makes any amount of random weights at the speed of a copy. Tensors repeat one sequence of random blocks of their
 * type, each from another start. The number of blocks is prime, so rows differ.
 */
export class RandomWeights {
  #cipher;
  #pools = new Map();

  /** @param {number} seed the same seed gives the same weights */
  constructor(seed) {
    const key = Buffer.alloc(16);
    key.writeUInt32LE(seed);
    this.#cipher = createCipheriv("aes-128-ctr", key, Buffer.alloc(16));
  }

  /**
   * Yields a tensor's bytes in pieces. A piece is valid until the next one.
   *
   * @param {{ shape: number[], type: number, deviation?: number, zeroRows?: number[] }} tensor
   */
  *tensor({ shape, type, deviation = 0, zeroRows = [] }) {
    const pool = this.#pool(type, deviation);
    const end = tensorBytes(shape, type);
    const rowBytes = tensorBytes([shape[0]], type);
    let place = (this.#bytes(4).readUInt32LE() % POOL_BLOCKS) * BLOCK[type].bytes;
    for (let at = 0; at < end; ) {
      const bytes = pool.subarray(place, place + end - at);
      yield withZeroRows(bytes, at, rowBytes, zeroRows);
      at += bytes.length;
      place = 0;
    }
  }

  #pool(type, deviation) {
    const name = `${type} ${deviation}`;
    if (!this.#pools.has(name)) {
      const blocks = this.#bytes(POOL_BLOCKS * BLOCK[type].bytes);
      setScales(blocks, type, deviation);
      this.#pools.set(name, blocks);
    }
    return this.#pools.get(name);
  }

  /** The key stream of AES in counter mode. */
  #bytes(count) {
    return this.#cipher.update(Buffer.alloc(count));
  }
}

function withZeroRows(bytes, at, rowBytes, rows) {
  const hit = rows.filter((row) => row * rowBytes < at + bytes.length && (row + 1) * rowBytes > at);
  if (hit.length === 0) return bytes;
  const copy = Buffer.from(bytes);
  for (const row of hit) {
    copy.fill(0, Math.max(0, row * rowBytes - at), (row + 1) * rowBytes - at);
  }
  return copy;
}
