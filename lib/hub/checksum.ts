import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";

/** Hash that a hub tells for a file: of its content, or of the content as git stores it. */
export interface Checksum {
  readonly algorithm: "sha256" | "git-sha1";
  readonly hex: string;
}

/** Hugging Face tells the sha256 of a large file in the redirect to its content. */
export function linkedSha256(headers: IncomingHttpHeaders): string | undefined {
  return /^(?:W\/)?"?([0-9a-f]{64})"?$/.exec(`${headers["x-linked-etag"] ?? ""}`)?.[1];
}

// Hashing this many bytes takes well below a millisecond of the main thread.
const sliceBytes = 2 ** 18;

/**
 * Hashes a file in slices.
 * @param onBytes - called with the number of bytes after each slice
 * @returns the hash in hexadecimal digits
 */
export async function hashFile(
  path: string,
  algorithm: Checksum["algorithm"],
  onBytes: (bytes: number) => void,
  signal: AbortSignal,
): Promise<string> {
  const file = await open(path);
  try {
    const hash = createHash(algorithm === "sha256" ? "sha256" : "sha1");
    if (algorithm === "git-sha1") hash.update(`blob ${(await file.stat()).size}\0`);
    const buffer = Buffer.allocUnsafe(sliceBytes);
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, sliceBytes);
      if (bytesRead === 0) return hash.digest("hex");
      hash.update(buffer.subarray(0, bytesRead));
      onBytes(bytesRead);
    }
  } finally {
    await file.close();
  }
}
