import { createReadStream } from "node:fs";
import { open, rename, rm, stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { crc32 } from "node:zlib";
import { addon } from "./binding.ts";
import { textPrompt } from "./completion.ts";
import type { Engine } from "./engine.ts";
import { CodeLlamaError } from "./errors.ts";
import { Generation } from "./generation.ts";
import { fingerprint } from "./models/fingerprint.ts";
import { checkOptions, checkValue, invalidArgument, show } from "./options/check.ts";
import { sharedOptions } from "./options/generate.ts";
import { type PrefixOptions, prefixRules } from "./options/prefix.ts";
import type { RopeOptions } from "./options/rope.ts";
import { type TextOrTokens, textOrTokens } from "./options/texts.ts";

/** What a prefix file holds. */
export interface PrefixResult {
  readonly tokens: number;
  readonly bytes: number;
}

// The file: this line, the header's length as 8 hexadecimal digits, the header as JSON, the tokens
// as 32-bit numbers, the state. Little-endian, as the state is.
const magic = "node-codellama prefix 1\n";
const start = magic.length + 8;

interface Header {
  readonly llamaCommit: string;
  readonly model: string;
  readonly rope: RopeOptions;
  /** Parts of the KV cache, which the state's layout depends on: 1 where sequences share it. */
  readonly kvParts: number;
  readonly loraScales: readonly number[];
  readonly tokens: number;
  readonly stateBytes: number;
  readonly checksum: number;
}

/** Computes a prompt and writes what the KV cache holds of it. */
export function savePrefix(
  engine: Engine,
  modelPath: string,
  path: string,
  prompt: string | Int32Array,
  options: PrefixOptions,
): Generation<PrefixResult> {
  const where = "savePrefix()";
  checkPath(path, where);
  const given = checkValue(prompt, textOrTokens, `${where}: prompt`) as TextOrTokens;
  engine.requireContext(where);
  const checked = checkOptions(options, prefixRules, where);
  const shared = sharedOptions(checked, engine, where);
  return new Generation(engine, checked.signal, async (request) => {
    const tokens = typeof given === "string" ? await textPrompt(engine, given) : given;
    const call = { ...shared, prompt: tokens, promptState: true, maxTokens: 0, seed: 0 };
    const { promptState: state } = await request(call, { held: true });
    if (state === undefined) throw new CodeLlamaError("ABORTED", `${where} was cancelled`);
    const header: Header = {
      llamaCommit: addon().llamaCommit,
      model: await fingerprint(modelPath),
      rope: engine.rope,
      kvParts: engine.kvParts,
      loraScales: scalesOf(engine, shared.loraScales),
      tokens: tokens.length,
      stateBytes: state.byteLength,
      checksum: crc32(state, crc32(asBytes(tokens))),
    };
    const bytes = await write(path, header, tokens, state);
    return { tokens: tokens.length, bytes };
  });
}

/** Takes a saved prompt into the engine's store. */
export async function loadPrefix(
  engine: Engine,
  modelPath: string,
  path: string,
): Promise<PrefixResult> {
  const where = "loadPrefix()";
  checkPath(path, where);
  engine.requireContext(where);
  const { header, tokens, state, bytes } = await read(path, where);
  if (
    header.llamaCommit !== addon().llamaCommit ||
    header.model !== (await fingerprint(modelPath))
  ) {
    throw refusal(where, path, "was saved with another model or another version of llama.cpp");
  }
  if (!isDeepStrictEqual(header.rope, engine.rope)) {
    throw refusal(where, path, "was saved with other rope options");
  }
  if (header.kvParts !== engine.kvParts) {
    const parts = (count: number) => (count === 1 ? "shared by all" : `divided in ${count}`);
    throw refusal(
      where,
      path,
      `was saved with a KV cache ${parts(header.kvParts)}, and this one is ` +
        `${parts(engine.kvParts)} (kvUnified, parallel)`,
    );
  }
  if (header.loraScales.length !== engine.loras.length) {
    throw refusal(where, path, "was saved with other LoRA adapters");
  }
  if (tokens.length >= engine.contextSize) {
    throw new CodeLlamaError(
      "CONTEXT_OVERFLOW",
      `${where}: ${path} holds ${tokens.length} tokens, and the context ${engine.contextSize}`,
    );
  }
  await engine.addPrompt(tokens, header.loraScales, state);
  return { tokens: tokens.length, bytes };
}

async function write(path: string, header: Header, tokens: Int32Array, state: Uint8Array) {
  const json = Buffer.from(JSON.stringify(header));
  const head = magic + json.length.toString(16).padStart(8, "0");
  // Whoever reads it meanwhile finds all of it, or what was there before.
  const partial = `${path}.partial`;
  const file = await open(partial, "w");
  try {
    for (const part of [Buffer.from(head), json, asBytes(tokens), state]) {
      await file.writeFile(part);
    }
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(partial, path);
  return head.length + json.length + tokens.byteLength + state.byteLength;
}

async function read(path: string, where: string) {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw new CodeLlamaError("INVALID_ARGUMENT", `${where}: ${path} cannot be read`, { cause });
  });
  const beginning = await readPart(path, 0, Math.min(start, size));
  const length = Number.parseInt(beginning.subarray(magic.length).toString("latin1"), 16);
  if (beginning.subarray(0, magic.length).toString("latin1") !== magic || !(length < size)) {
    throw refusal(where, path, "is no prefix file of this version");
  }
  const header = readHeader(await readPart(path, start, length));
  if (header === undefined || size !== start + length + 4 * header.tokens + header.stateBytes) {
    throw refusal(where, path, "is damaged");
  }
  const body = await readPart(path, start + length, 4 * header.tokens + header.stateBytes);
  if (crc32(body) !== header.checksum) throw refusal(where, path, "is damaged");
  const tokens = new Int32Array(header.tokens);
  asBytes(tokens).set(body.subarray(0, tokens.byteLength));
  return { header, tokens, state: body.subarray(tokens.byteLength), bytes: size };
}

function readHeader(json: Buffer): Header | undefined {
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

/** In pieces: a single read is limited to 2 GiB. */
async function readPart(path: string, position: number, length: number): Promise<Buffer> {
  const part = Buffer.alloc(length);
  if (length === 0) return part;
  let filled = 0;
  for await (const piece of createReadStream(path, {
    start: position,
    end: position + length - 1,
    highWaterMark: 2 ** 20,
  })) {
    filled += piece.copy(part, filled);
  }
  return part.subarray(0, filled);
}

function scalesOf(engine: Engine, scales: readonly number[] | undefined): readonly number[] {
  return scales ?? engine.loras.map(({ scale }) => scale);
}

function asBytes(tokens: Int32Array): Uint8Array {
  return new Uint8Array(tokens.buffer, tokens.byteOffset, tokens.byteLength);
}

function checkPath(path: unknown, where: string): void {
  if (typeof path === "string" && path !== "" && !path.includes("\0")) return;
  throw invalidArgument(`${where}: path must be a file's path, not ${show(path)}`);
}

function refusal(where: string, path: string, what: string): CodeLlamaError {
  return invalidArgument(`${where}: ${path} ${what}`);
}
