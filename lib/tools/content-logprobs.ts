import type { TokenLogprob, TokenLogprobs } from "../result.ts";

interface PlacedToken {
  readonly token: TokenLogprobs;
  /** The token's part of the content. The last token of a multi-token character has the character. */
  readonly text: string;
  readonly bytes: Uint8Array;
  /** Number of trailing bytes that begin a character which later tokens finish. */
  readonly openBytes: number;
  /** Start of the text in the content, in UTF-16 units. */
  readonly start: number;
  /** Length of content that shows all of the token's bytes. Undefined until a later token decides it. */
  end: number | undefined;
}

/**
 * Aligns the tokens of a chat answer with its content: the token texts, joined, are the content, and
 * so are their bytes. SentencePiece puts a space before the first word; the content has none. Tokens
 * of a stop string remain in the list with empty text.
 */
export class ContentLogprobs {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #waiting: PlacedToken[] = [];
  /** Tokens whose last character is not finished yet. */
  #open: PlacedToken[] = [];
  #hasText = false;
  #placed = 0;
  #shown = 0;

  /** Takes the next tokens of the answer. */
  push(tokens: readonly TokenLogprobs[]): void {
    for (const token of tokens) {
      const isFirst = !this.#hasText && bytesOf(token).length > 0;
      this.#hasText ||= isFirst;
      this.#place(isFirst ? { ...withoutSpace(token), top: token.top.map(withoutSpace) } : token);
    }
  }

  /** Takes the length of new content, in UTF-16 units. Returns the tokens that the content shows whole. */
  show(length: number): readonly TokenLogprobs[] {
    this.#shown += length;
    const held = this.#waiting.findIndex(({ end }) => end === undefined || end > this.#shown);
    const whole = this.#waiting.splice(0, held < 0 ? this.#waiting.length : held);
    return whole.map(({ token, text, bytes }) => ({ ...token, text, bytes }));
  }

  /** Call when the content is complete. Returns the remaining tokens, cut at the end of the content. */
  finish(): readonly TokenLogprobs[] {
    // An unfinished character shows as U+FFFD.
    const unfinished = this.#decoder.decode();
    this.#close(this.#placed + unfinished.length);
    const rest = this.#waiting;
    this.#waiting = [];
    return rest.map((placed, index) => {
      const isLast = index === rest.length - 1;
      return this.#cut(isLast ? { ...placed, text: placed.text + unfinished } : placed);
    });
  }

  #place(token: TokenLogprobs): void {
    const bytes = bytesOf(token);
    const text = this.#decoder.decode(bytes, { stream: true });
    const openBytes = text === "" ? bytes.length : lengthOfOpenEnd(bytes);
    const start = this.#placed;
    this.#placed += text.length;
    if (text !== "") this.#close(start + String.fromCodePoint(text.codePointAt(0) ?? 0).length);
    const end = openBytes > 0 ? undefined : this.#placed;
    const placed: PlacedToken = { token, text, bytes, openBytes, start, end };
    this.#waiting.push(placed);
    if (end === undefined) this.#open.push(placed);
  }

  /** Sets the end of the tokens that share the character which ends at `end`. */
  #close(end: number): void {
    for (const placed of this.#open) placed.end = end;
    this.#open = [];
  }

  #cut({ token, text, bytes, openBytes, start, end = 0 }: PlacedToken): TokenLogprobs {
    if (end <= this.#shown) return { ...token, text, bytes };
    const inside = Math.max(0, this.#shown - start);
    const outside = Buffer.byteLength(text.slice(inside)) + openBytes;
    const kept = bytes.subarray(0, Math.max(0, bytes.length - outside));
    return { ...token, text: text.slice(0, inside), bytes: kept };
  }
}

/** Aligns the tokens of a whole answer with its content, one token at a time. */
export function* contentLogprobs(
  tokens: readonly TokenLogprobs[],
  content: string,
): Generator<TokenLogprobs> {
  const placed = new ContentLogprobs();
  placed.show(content.length);
  for (const token of tokens) {
    placed.push([token]);
    yield* placed.show(0);
  }
  yield* placed.finish();
}

/** Bytes of a token. */
export function bytesOf({ text, bytes }: TokenLogprob): Uint8Array {
  return bytes ?? Buffer.from(text);
}

/** Number of trailing bytes that begin a UTF-8 character without finishing it. */
function lengthOfOpenEnd(bytes: Uint8Array): number {
  for (let length = 1; length <= Math.min(3, bytes.length); length++) {
    const byte = bytes[bytes.length - length] ?? 0;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const needed = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return needed > length ? length : 0;
  }
  return 0;
}

function withoutSpace<Token extends TokenLogprob>(token: Token): Token {
  const bytes = bytesOf(token);
  if (bytes[0] !== 0x20) return token;
  return { ...token, text: token.text.slice(1), bytes: bytes.subarray(1) };
}
