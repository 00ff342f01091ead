import { TextDecoder } from "node:util";
import type { z } from "zod";
import { checkUntilIssue } from "../fields/first-issue.ts";
import type { ResolvedBody } from "../fields/resolve-fields.ts";
import { bodyUsed, clientGone, HttpError } from "./http-error.ts";
import { JsonScan } from "./json-scan.ts";
import { ownTurn } from "./turn.ts";

// Bytes that are scanned and decoded in one turn of the event loop.
const blockBytes = 64 * 1024;

/**
 * Reads a request's JSON, as far as `limit` bytes.
 * @param resolve - puts it in the names of the schema's fields
 * @throws HttpError 400, naming the field; 413; 415; 499 where the client leaves inside the body
 */
export async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  limit: number,
  resolve: (body: unknown) => ResolvedBody = inOwnNames,
): Promise<z.output<Schema>> {
  // A page of another site can send texts without being asked for leave, but not JSON.
  const type = request.headers.get("content-type") ?? "";
  if (!/^application\/([\w.]+\+)?json\s*(;|$)/i.test(type)) {
    throw new HttpError(
      415,
      "NOT_JSON",
      "the request must have the header content-type: application/json",
    );
  }
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw new HttpError(415, "NOT_JSON", "the body must have no content-encoding");
  }
  if (request.bodyUsed || request.body?.locked) throw bodyUsed();
  const text = await readText(request, limit);
  // Each step of a long body has a turn of the event loop for itself.
  const step = async () => {
    if (text.length >= blockBytes) await ownTurn();
  };
  await step();
  const json = parseJson(text);
  await step();
  const { body, sentAs } = resolve(json);
  const checked = checkUntilIssue(schema, body);
  await step();
  if ("value" in checked) return checked.value;
  const { path, message } = innermost(checked.issue);
  const field = fieldName(sentAs(path));
  throw new HttpError(400, "INVALID_ARGUMENT", `${field || "the body"}: ${message}`, {
    field: field || null,
  });
}

const inOwnNames = (body: unknown): ResolvedBody => ({ body, sentAs: (path) => path });

type Issue = Pick<z.core.$ZodIssue, "path" | "message">;

/** In a union, what is wrong inside the alternative that reads furthest: that one is meant. */
function innermost(issue: z.core.$ZodIssue | undefined): Issue {
  if (issue === undefined) return { path: [], message: "is wrong" };
  if (issue.code !== "invalid_union") return issue;
  const [meant, other] = issue.errors
    .map(([first]) => innermost(first))
    .filter(({ path }) => path.length > 0)
    .sort((left, right) => compareReach(right.path, left.path));
  if (meant === undefined) return issue;
  if (other !== undefined && compareReach(meant.path, other.path) === 0) return issue;
  return { path: [...issue.path, ...meant.path], message: meant.message };
}

/** Positive where the first path is of a later or a deeper place; 0 where neither is. */
function compareReach(left: readonly PropertyKey[], right: readonly PropertyKey[]): number {
  for (const [index, step] of left.entries()) {
    const other = right[index];
    if (step === other) continue;
    if (other === undefined) return 1;
    return typeof step === "number" && typeof other === "number" ? step - other : 0;
  }
  return left.length - right.length;
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

/** The bytes of a body as they arrive. */
async function* bytesOf(request: Request, limit: number): AsyncGenerator<Uint8Array> {
  const tooLarge = () =>
    new HttpError(413, "BODY_TOO_LARGE", `the body has more than ${limit} bytes`);
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

/** The same bytes in blocks of one size, the last of which may be shorter; valid until the next. */
async function* blocksOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // Clients decide how long pieces are: of single bytes, the pieces would cost more than the bytes.
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

/** Decodes the next bytes; without any, ends the text. */
function decode(decoder: TextDecoder, bytes?: Uint8Array): string {
  try {
    return decoder.decode(bytes, { stream: bytes !== undefined });
  } catch {
    throw new HttpError(400, "NOT_JSON", "the body is not UTF-8");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8 quotes what it stumbled over, which may be a prompt.
    const position = /position \d+/.exec((error as Error).message)?.[0];
    throw new HttpError(
      400,
      "NOT_JSON",
      `the body is not JSON${position ? `: unexpected at ${position}` : ""}`,
    );
  }
}

const longestFieldName = 200;

/** A field as a program would write it: `messages[0].content`. Keys can be as long as the body. */
function fieldName(path: readonly PropertyKey[]): string {
  const name = path
    .map((step, index) =>
      typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`,
    )
    .join("");
  return name.length > longestFieldName ? `${name.slice(0, longestFieldName)}…` : name;
}
