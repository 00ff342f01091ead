import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

const samples = 32;
const sampleBytes = 65_536;

/**
 * SHA-256 of a model file's size and of samples spread over the file. Hashing a whole file of many
 * gigabytes would take too long.
 */
export async function fingerprint(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const hash = createHash("sha256").update(String(size));
    const step = Math.max(sampleBytes, Math.floor(size / samples));
    const buffer = Buffer.alloc(sampleBytes);
    for (let position = 0; position < size; position += step) {
      const { bytesRead } = await file.read(buffer, 0, sampleBytes, position);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return hash.digest("hex");
  } finally {
    await file.close();
  }
}
