import { HttpError } from "./http-error.ts";

/**
 * What a body's JSON may hold at most. `JSON.parse` and the schemas do their work in one turn of the
 * event loop, so its size bounds how long they hold up everybody else: some 20 ms each at these limits.
 */
export const jsonLimits = { depth: 256, containers: 32_768, keys: 16_384, values: 262_144 };

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Counts what a JSON text in UTF-8 holds while its bytes arrive. Says nothing about its grammar. */
export class JsonScan {
  #inString = false;
  #escaped = false;
  #depth = 0;
  #containers = 0;
  #keys = 0;
  #values = 0;

  /** @throws HttpError 400 for too deep a nesting, 413 for too many values */
  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#inString) this.#inside(byte);
      else this.#outside(byte);
    }
    this.#check();
  }

  #inside(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#inString = false;
  }

  #outside(byte: number): void {
    if (byte === quote) this.#inString = true;
    else if (byte === comma) this.#values++;
    else if (byte === colon) this.#keys++;
    else if (byte === openBracket || byte === openBrace) {
      this.#containers++;
      this.#depth++;
      if (this.#depth > jsonLimits.depth) throw tooDeep();
    } else if (byte === closeBracket || byte === closeBrace) this.#depth--;
  }

  #check(): void {
    if (this.#values >= jsonLimits.values) throw tooMany("values", jsonLimits.values);
    if (this.#keys > jsonLimits.keys) throw tooMany("keys of objects", jsonLimits.keys);
    if (this.#containers > jsonLimits.containers) {
      throw tooMany("arrays and objects", jsonLimits.containers);
    }
  }
}

function tooDeep(): HttpError {
  const message = `the body nests deeper than ${jsonLimits.depth} arrays and objects`;
  return new HttpError(400, "INVALID_ARGUMENT", message);
}

function tooMany(things: string, limit: number): HttpError {
  const message = `the body has more than ${limit} ${things}`;
  return new HttpError(413, "BODY_TOO_LARGE", message);
}
