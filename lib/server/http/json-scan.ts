import { HttpError } from "./http-error.ts";

/**
 * Limits for the JSON of a request body. `JSON.parse` and the schema check each run in one turn of
 * the event loop. At these limits each of them blocks it for about 20 ms.
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

/** Counts the values, keys and levels of a UTF-8 JSON text while its bytes arrive. Checks no syntax. */
export class JsonScan {
  #inString = false;
  #escaped = false;
  #depth = 0;
  #containers = 0;
  #keys = 0;
  #values = 0;

  /** @throws HttpError 400 if the nesting is too deep, 413 if there are too many values */
  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#inString) this.#readInString(byte);
      else this.#readOutsideString(byte);
    }
    this.#checkLimits();
  }

  #readInString(byte: number): void {
    if (this.#escaped) this.#escaped = false;
    else if (byte === backslash) this.#escaped = true;
    else if (byte === quote) this.#inString = false;
  }

  #readOutsideString(byte: number): void {
    if (byte === quote) this.#inString = true;
    else if (byte === comma) this.#values++;
    else if (byte === colon) this.#keys++;
    else if (byte === openBracket || byte === openBrace) {
      this.#containers++;
      this.#depth++;
      if (this.#depth > jsonLimits.depth) throw tooDeep();
    } else if (byte === closeBracket || byte === closeBrace) this.#depth--;
  }

  #checkLimits(): void {
    if (this.#values >= jsonLimits.values) throw tooMany("values", jsonLimits.values);
    if (this.#keys > jsonLimits.keys) throw tooMany("object keys", jsonLimits.keys);
    if (this.#containers > jsonLimits.containers) {
      throw tooMany("arrays and objects", jsonLimits.containers);
    }
  }
}

function tooDeep(): HttpError {
  const message = `the body must nest at most ${jsonLimits.depth} arrays and objects`;
  return new HttpError(400, "INVALID_ARGUMENT", message);
}

function tooMany(things: string, limit: number): HttpError {
  const message = `the body must have at most ${limit} ${things}`;
  return new HttpError(413, "BODY_TOO_LARGE", message);
}
