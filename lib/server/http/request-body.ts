import { TextDecoder } from "node:util";
import { bodyUsed, clientGone, HttpError } from "./http-error.ts";
import { JsonScan } from "./json-scan.ts";
import { ownTurn } from "./turn.ts";

// Number of bytes to scan and decode in one turn of the event loop.
const blockBytes = 64 * 1024;

/** A request's parsed JSON. */
export interface JsonBody {
  readonly value: unknown;
  /** Gives the event loop a turn after work on a long body. Does nothing for a short body. */
  yieldTurn(): Promise<void>;
}

/**
 * Reads a request's JSON, at most `limit` bytes.
 * @throws HttpError 400; 413; 415; 499 where the client leaves inside the body
 */
export async function readJson(request: Request, limit: number): Promise<JsonBody> {
  // A page of another site can send text without a CORS preflight, but not JSON.
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([\w.]+\+)?json\s*(;|$)/i.test(type)) {
    throw new HttpError(415, "NOT_JSON", "the content-type header must be application/json");
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new HttpError(415, "NOT_JSON", "the body must have no content-encoding");
  }
  if (request.bodyUsed || request.body?.locked) throw bodyUsed();
  const text = await readText(request, limit);
  const yieldTurn = async () => {
    if (text.length >= blockBytes) await ownTurn();
  };
  await yieldTurn();
  const value = parseJson(text);
  await yieldTurn();
  return { value, yieldTurn };
}

async function readText(request: Request, limit: number): Promise<string> {
  const scan = new JsonScan();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const texts: string[] = [];
  for await (const block of blocksOf(bytesOf(request, limit))) {
    scan.push(block);
    texts.push(decode(decoder, block));
    if (block.length === blockBytes) await ownTurn();
  }
  texts.push(decode(decoder));
  return texts.join("");
}

/** The bytes of a body, as they arrive. */
async function* bytesOf(request: Request, limit: number): AsyncGenerator<Uint8Array> {
  const tooLarge = () =>
    new HttpError(413, "BODY_TOO_LARGE", `the body must have at most ${limit} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > limit) throw tooLarge();
  if (request.body === null) return;
  let length = 0;
  try {
    for await (const piece of request.body) {
      length += piece.byteLength;
      if (length > limit) break;
      yield piece;
    }
  } catch {
    throw clientGone();
  }
  if (length > limit) throw tooLarge();
}

/** Collects bytes into blocks of equal size. The last block may be shorter. A block is valid until the next. */
async function* blocksOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // The client decides how long the pieces are. One-byte pieces would cost more than their bytes.
  const block = new Uint8Array(blockBytes);
  let filled = 0;
  for await (const piece of pieces) {
    for (let start = 0; start < piece.length; ) {
      const part = piece.subarray(start, start + blockBytes - filled);
      block.set(part, filled);
      filled += part.length;
      start += part.length;
      if (filled < blockBytes) continue;
      yield block;
      filled = 0;
    }
  }
  yield block.subarray(0, filled);
}

/** Decodes the next bytes. Without bytes, ends the text. */
function decode(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw new HttpError(400, "NOT_JSON", "the body must be UTF-8");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8 quotes the text around the error. That text may be a prompt.
    const position = /position \d+/.exec((error as Error).message)?.[0];
    throw new HttpError(
      400,
      "NOT_JSON",
      `the body must be JSON${position ? ` (syntax error at ${position})` : ""}`,
    );
  }
}
