import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CodeLlamaError } from "../errors.ts";
import type { RemoteContent } from "../hub/remote-content.ts";
import { headerLength } from "./header-length.ts";

const firstBytes = 2 ** 21;
// The largest vocabularies take about 20 MB.
const longestHeader = 2 ** 27;

/**
 * Fetches the header of a remote GGUF file and calls `use` with the path of a temporary file that has the
 * header and the length of the whole file.
 * @throws CodeLlamaError `MODEL_INVALID`, `DOWNLOAD_FAILED`
 */
export async function withRemoteHeader<Value>(
  content: RemoteContent,
  where: string,
  use: (path: string) => Promise<Value>,
): Promise<Value> {
  const header = await fetchHeader(content, where);
  const folder = await mkdtemp(join(tmpdir(), "node-codellama-header-"));
  try {
    const path = join(folder, "header.gguf");
    const file = await open(path, "wx");
    try {
      await file.writeFile(header);
      // The rest is a hole, which takes no space.
      await file.truncate(content.bytes);
    } finally {
      await file.close();
    }
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function fetchHeader(content: RemoteContent, where: string): Promise<Buffer> {
  let bytes: Buffer = Buffer.alloc(0);
  for (let wanted = firstBytes; ; wanted *= 2) {
    const end = Math.min(wanted, content.bytes);
    bytes = Buffer.concat([bytes, await content.read(bytes.length, end)]);
    if (lengthOf(bytes, content, where) !== undefined) return bytes;
    if (end === content.bytes || end >= longestHeader) {
      throw invalid(content, where, "its header does not end");
    }
  }
}

function lengthOf(bytes: Buffer, content: RemoteContent, where: string): number | undefined {
  try {
    return headerLength(bytes);
  } catch (error) {
    throw invalid(content, where, (error as Error).message);
  }
}

function invalid({ name }: RemoteContent, where: string, reason: string): CodeLlamaError {
  return new CodeLlamaError("MODEL_INVALID", `${where}: ${name} is not a GGUF file: ${reason}`);
}
