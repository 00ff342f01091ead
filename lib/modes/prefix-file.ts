import type { FileHandle } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { crc32 } from "node:zlib";
import { invalidArgument, show } from "../base/arguments.ts";
import { isError } from "../base/brands.ts";
import { withRegularFile } from "../base/regular-file.ts";
import { replaceFile, requireReplaceable } from "../base/replace-file.ts";
import type { LocalEngine } from "../engine/local-engine.ts";
import { tokensOf } from "../engine/port.ts";
import { CodeLlamaError } from "../errors.ts";
import { Job } from "../jobs/job.ts";
import { fingerprint } from "../model/fingerprint.ts";
import { addon } from "../native/binding.ts";
import type { RopeOptions } from "../native/load-options.ts";
import { checkOptions, checkValue } from "../options/check.ts";
import { type PrefixOptions, prefixRules } from "../options/prefix.ts";
import { computeProperties } from "../options/request.ts";
import { type TextOrTokens, textOrTokens } from "../options/texts.ts";
import { textPrompt } from "./completion.ts";

/** Size of a prefix file. */
export interface PrefixResult {
  readonly tokens: number;
  readonly bytes: number;
}

// Layout of the file: this line, the length of the header as 8 hexadecimal digits, the header as
// JSON, the tokens as 32-bit numbers, the state. All numbers are little-endian, like the state.
const magic = "node-codellama prefix 1\n";
const start = magic.length + 8;
// Bytes read or summed up between two turns of the event loop.
const pieceBytes = 2 ** 20;
// Maximum bytes of a header, far above any real one.
const longestHeader = 2 ** 20;
// Upper bound for the bytes of a cell per layer and dimension: keys and values as 32-bit floats,
// times five for models whose heads are wider than their embeddings.
const cellBytes = 40;
// Upper bound for the bytes of a state that are not cells.
const otherState = 2 ** 20;

interface Header {
  readonly llamaCommit: string;
  readonly model: string;
  readonly rope: RopeOptions;
  /** Parts of the KV cache; 1 if all sequences share it. The layout of the state depends on it. */
  readonly kvParts: number;
  readonly loraScales: readonly number[];
  readonly tokens: number;
  readonly stateBytes: number;
  readonly checksum: number;
}

/** Computes a prompt and writes its KV cells to a file. */
export function savePrefix(
  engine: LocalEngine,
  modelPath: string,
  path: string,
  prompt: string | Int32Array,
  options: PrefixOptions,
): Job<PrefixResult> {
  const where = "savePrefix()";
  checkPath(path, where);
  const given = checkValue(prompt, textOrTokens, `${where}: prompt`) as TextOrTokens;
  engine.requireContext(where);
  const checked = checkOptions(options, prefixRules, where);
  const shared = computeProperties(checked, engine, where);
  const whole = typeof given === "string" ? textPrompt(engine, given) : () => given;
  return new Job(engine, checked, async ({ compute }) => {
    await requireReplaceable(path, where);
    let tokens: Int32Array = new Int32Array();
    const prompt = async (stop: AbortSignal) => {
      tokens = tokensOf(await whole(stop));
      return tokens;
    };
    const call = { ...shared, prompt, promptState: true, maxTokens: 0, seed: 0 };
    const { promptState: state } = await compute(call);
    if (state === undefined) throw new CodeLlamaError("ABORTED", `${where} was cancelled`);
    const header: Header = {
      llamaCommit: addon().llamaCommit,
      model: await fingerprint(modelPath),
      rope: engine.rope,
      kvParts: engine.kvParts,
      loraScales: scalesOf(engine, shared.loraScales),
      tokens: tokens.length,
      stateBytes: state.byteLength,
      checksum: await checksumOf([asBytes(tokens), state]),
    };
    const parts = fileParts(header, tokens, state);
    await replaceFile(path, parts, { where });
    return { tokens: tokens.length, bytes: lengthOf(parts) };
  });
}

/** Loads a saved prompt into the host memory of the engine. */
export async function loadPrefix(
  engine: LocalEngine,
  modelPath: string,
  path: string,
): Promise<PrefixResult> {
  const where = "loadPrefix()";
  checkPath(path, where);
  engine.requireContext(where);
  return await withRegularFile(path, where, async (file, { size }) => {
    const bytes = Number(size);
    const header = await readHeader(file, bytes);
    if (typeof header === "string") throw refusal(where, path, header);
    await requireFitting(engine, modelPath, header, `${where}: ${path}`);
    const { vocabularySize } = engine.model;
    const { tokens, state } = await readBody(
      file,
      bytes,
      header,
      vocabularySize,
      `${where}: ${path}`,
    );
    await engine.addPrompt(tokens, header.loraScales, state);
    return { tokens: tokens.length, bytes };
  });
}

/** Checks the header before the state is read, because the state can exceed the memory. */
async function requireFitting(
  engine: LocalEngine,
  modelPath: string,
  header: Header,
  file: string,
): Promise<void> {
  if (
    header.llamaCommit !== addon().llamaCommit ||
    header.model !== (await fingerprint(modelPath))
  ) {
    throw invalidArgument(`${file} was saved with another model or another version of llama.cpp`);
  }
  if (!isDeepStrictEqual(header.rope, engine.rope)) {
    throw invalidArgument(`${file} was saved with other rope options`);
  }
  if (header.kvParts !== engine.kvParts) {
    const parts = (count: number) => (count === 1 ? "shared by all" : `divided in ${count}`);
    throw invalidArgument(
      `${file} was saved with a KV cache ${parts(header.kvParts)}, and this one is ` +
        `${parts(engine.kvParts)} (kvUnified, parallel)`,
    );
  }
  if (header.loraScales.length !== engine.loras.length) {
    throw invalidArgument(`${file} was saved with other LoRA adapters`);
  }
  if (header.tokens >= engine.contextSize) {
    throw new CodeLlamaError(
      "CONTEXT_OVERFLOW",
      `${file} holds ${header.tokens} tokens, and the context ${engine.contextSize}`,
    );
  }
  const { layers, embeddingLength } = engine.model;
  const mostBytes = otherState + header.tokens * layers * embeddingLength * cellBytes;
  if (header.stateBytes > mostBytes) throw invalidArgument(`${file} is damaged`);
}

function fileParts(header: Header, tokens: Int32Array, state: Uint8Array): readonly Uint8Array[] {
  const json = Buffer.from(JSON.stringify(header));
  const head = magic + json.length.toString(16).padStart(8, "0");
  return [Buffer.from(head), json, asBytes(tokens), state];
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((length, part) => length + part.byteLength, 0);
}

/** Returns the header, or what is wrong with the file. */
async function readHeader(file: FileHandle, size: number): Promise<Header | string> {
  const beginning = await readPart(file, 0, Math.min(start, size));
  const isOurs = beginning.subarray(0, magic.length).toString("latin1") === magic;
  const digits = beginning.subarray(magic.length).toString("latin1");
  const length = /^[\da-f]{8}$/.test(digits) ? Number.parseInt(digits, 16) : Number.NaN;
  if (!isOurs || !(length <= size - start)) return "is not a prefix file of this version";
  if (length > longestHeader) return "is damaged";
  const header = parseHeader(await readPart(file, start, length));
  const isWhole =
    header !== undefined && size === start + length + 4 * header.tokens + header.stateBytes;
  return isWhole ? header : "is damaged";
}

async function readBody(
  file: FileHandle,
  size: number,
  header: Header,
  vocabularySize: number,
  where: string,
) {
  const length = 4 * header.tokens + header.stateBytes;
  const body = await readPart(file, size - length, length).catch((cause: unknown) => {
    if (!isError(cause) || cause.name !== "RangeError") throw cause;
    throw new CodeLlamaError("OUT_OF_MEMORY", `${where}: no memory for its ${length} bytes`);
  });
  const tokens = new Int32Array(header.tokens);
  asBytes(tokens).set(body.subarray(0, tokens.byteLength));
  const isWhole = body.length === length && (await checksumOf([body])) === header.checksum;
  if (!isWhole || !tokens.every((token) => token >= 0 && token < vocabularySize)) {
    throw invalidArgument(`${where} is damaged`);
  }
  return { tokens, state: body.subarray(tokens.byteLength) };
}

function parseHeader(json: Buffer): Header | undefined {
  try {
    const header: unknown = JSON.parse(json.toString());
    const { llamaCommit, model, rope, kvParts, loraScales, tokens, stateBytes, checksum } =
      Object(header);
    const counts = [kvParts, tokens, stateBytes, checksum];
    if (!counts.every((count) => Number.isSafeInteger(count) && count >= 0)) return undefined;
    if (!Array.isArray(loraScales) || !loraScales.every(Number.isFinite)) return undefined;
    return { llamaCommit, model, rope, kvParts, loraScales, tokens, stateBytes, checksum };
  } catch {
    return undefined;
  }
}

/** Reads in pieces, because one read is limited to 2 GiB. Returns less if the file has shrunk. */
async function readPart(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const part = Buffer.alloc(length);
  for (let filled = 0; filled < length; ) {
    const piece = Math.min(length - filled, pieceBytes);
    const { bytesRead } = await file.read(part, filled, piece, position + filled);
    if (bytesRead === 0) return part.subarray(0, filled);
    filled += bytesRead;
  }
  return part;
}

/** Computes a checksum in pieces, so that the event loop can run other tasks. */
async function checksumOf(parts: readonly Uint8Array[]): Promise<number> {
  let checksum = 0;
  for (const part of parts) {
    for (let start = 0; start < part.length; start += pieceBytes) {
      checksum = crc32(part.subarray(start, start + pieceBytes), checksum);
      await turn();
    }
  }
  return checksum;
}

function scalesOf(engine: LocalEngine, scales: readonly number[] | undefined): readonly number[] {
  return scales ?? engine.loras.map(({ scale }) => scale);
}

function asBytes(tokens: Int32Array): Uint8Array {
  return new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
}

function checkPath(path: unknown, where: string): void {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return;
  throw invalidArgument(`${where}: path must be a file's path (got ${show(path)})`);
}

function refusal(where: string, path: string, what: string): CodeLlamaError {
  return invalidArgument(`${where}: ${path} ${what}`);
}
