/**
 * The part of the GGUF format that a model of random weights needs: it copies the tokenizer's metadata from one
 * file and writes a header for another.
 */
import { closeSync, openSync, readSync, statSync } from "node:fs";

/** Metadata value types. */
const UINT32 = 4;
const FLOAT32 = 6;
const STRING = 8;
const ARRAY = 9;

/** Bytes of each scalar value type. */
const SCALAR_BYTES = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };

/** Upper limit for the metadata of the models here. Most of it is the vocabulary. */
const METADATA_BYTES = 16 * 2 ** 20;

/** The tensor data and each tensor start at a multiple of this. */
export const ALIGNMENT = 32;

function readStart(path, bytes) {
  const file = openSync(path, "r");
  const buffer = Buffer.alloc(bytes);
  const count = readSync(file, buffer, 0, bytes, 0);
  closeSync(file);
  return buffer.subarray(0, count);
}

/**
 * Reads the metadata entries of a GGUF file as raw bytes, so that they can be copied unchanged.
 *
 * @param {string} path
 * @returns {Map<string, Buffer>} the whole encoded entry (key, type and value) by key
 */
export const readEntries = (path) => readHeader(path).entries;

/**
 * Bytes of each tensor of a GGUF file, with padding.
 *
 * @param {string} path
 * @returns {Map<string, number>} by name
 */
export function readTensorBytes(path) {
  const { tensors, dataStart } = readHeader(path);
  const inOrder = tensors.toSorted((one, other) => one.offset - other.offset);
  const end = statSync(path).size - dataStart;
  return new Map(
    inOrder.map(({ name, offset }, at) => [name, (inOrder[at + 1]?.offset ?? end) - offset]),
  );
}

function readHeader(path) {
  const file = readStart(path, METADATA_BYTES);
  if (file.toString("latin1", 0, 4) !== "GGUF") throw new Error(`${path} is not a GGUF file`);
  const tensorCount = Number(file.readBigUInt64LE(8));
  const count = Number(file.readBigUInt64LE(16));
  const entries = new Map();
  let position = 24;

  const skipString = () => {
    position += 8 + Number(file.readBigUInt64LE(position));
  };
  const skipValue = (type) => {
    if (type === STRING) skipString();
    else if (type === ARRAY) {
      const itemType = file.readUInt32LE(position);
      const length = Number(file.readBigUInt64LE(position + 4));
      position += 12;
      if (itemType in SCALAR_BYTES) position += length * SCALAR_BYTES[itemType];
      else for (let index = 0; index < length; index++) skipValue(itemType);
    } else position += SCALAR_BYTES[type];
  };

  for (let index = 0; index < count; index++) {
    const start = position;
    skipString();
    const key = file.toString("utf8", start + 8, position);
    const type = file.readUInt32LE(position);
    position += 4;
    skipValue(type);
    entries.set(key, file.subarray(start, position));
  }
  const tensors = [];
  for (let index = 0; index < tensorCount; index++) {
    const start = position;
    skipString();
    const name = file.toString("utf8", start + 8, position);
    position += 4 + 8 * file.readUInt32LE(position) + 4;
    tensors.push({ name, offset: Number(file.readBigUInt64LE(position)) });
    position += 8;
  }
  return { entries, tensors, dataStart: aligned(position) };
}

function encodeString(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint64(bytes.length), bytes]);
}

function uint32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

/** Encodes a metadata entry of type string. */
export const stringEntry = (key, value) =>
  Buffer.concat([encodeString(key), uint32(STRING), encodeString(value)]);

/** Encodes a metadata entry of type uint32. */
export const uint32Entry = (key, value) =>
  Buffer.concat([encodeString(key), uint32(UINT32), uint32(value)]);

/** Encodes a metadata entry of type float32. */
export const float32Entry = (key, value) =>
  Buffer.concat([encodeString(key), uint32(FLOAT32), float32(value)]);

/** Rounds a byte count up to the alignment of tensor data. */
export const aligned = (bytes) => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/**
 * Encodes everything before the tensor data, with padding.
 *
 * @param {Buffer[]} entries encoded metadata
 * @param {{ name: string, shape: number[], type: number, bytes: number }[]} tensors in file order
 * @returns {Buffer}
 */
export function encodeHeader(entries, tensors) {
  /** @type {Buffer[]} */
  const parts = [Buffer.from("GGUF"), uint32(3), uint64(tensors.length), uint64(entries.length)];
  parts.push(...entries);
  let offset = 0;
  for (const { name, shape, type, bytes } of tensors) {
    parts.push(encodeString(name), uint32(shape.length), ...shape.map(uint64));
    parts.push(uint32(type), uint64(offset));
    offset += aligned(bytes);
  }
  const header = Buffer.concat(parts);
  return Buffer.concat([header, Buffer.alloc(aligned(header.length) - header.length)]);
}
