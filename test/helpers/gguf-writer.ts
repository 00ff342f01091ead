import { writeFileSync } from "node:fs";

type Metadata = Readonly<Record<string, string | number>>;

interface Float32Tensor {
  readonly name: string;
  /** Innermost dimension first. */
  readonly dimensions: readonly number[];
  readonly values: Float32Array;
}

const alignment = 32;
const float32Type = 6;
const stringType = 8;

/** Writes a GGUF file (version 3) with strings, float32 numbers and float32 tensors. */
export function writeGguf(
  path: string,
  metadata: Metadata,
  tensors: readonly Float32Tensor[],
): void {
  const header: Buffer[] = [Buffer.from("GGUF"), uint32(3), uint64(tensors.length)];
  header.push(uint64(Object.keys(metadata).length));
  for (const [key, value] of Object.entries(metadata)) {
    header.push(text(key));
    if (typeof value === "string") header.push(uint32(stringType), text(value));
    else header.push(uint32(float32Type), float32(value));
  }
  let offset = 0;
  for (const tensor of tensors) {
    header.push(text(tensor.name), uint32(tensor.dimensions.length));
    header.push(...tensor.dimensions.map(uint64), uint32(0), uint64(offset));
    offset += aligned(tensor.values.byteLength);
  }
  const parts = [padded(Buffer.concat(header))];
  for (const { values } of tensors) {
    parts.push(padded(Buffer.from(values.buffer, values.byteOffset, values.byteLength)));
  }
  writeFileSync(path, Buffer.concat(parts));
}

function aligned(length: number): number {
  return Math.ceil(length / alignment) * alignment;
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes], aligned(bytes.length));
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function float32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([uint64(Buffer.byteLength(value)), Buffer.from(value)]);
}
