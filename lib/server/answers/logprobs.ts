import type { TokenLogprob, TokenLogprobs } from "../../result.ts";
import { bytesOf } from "../../tools/content-logprobs.ts";
import { type Later, later } from "../http/json-pieces.ts";

/** Logprobs in the format of `/v1/completions`. */
export interface CompletionLogprobs {
  readonly tokens: string[];
  readonly token_logprobs: (number | null)[];
  /** Logprobs of the likeliest tokens by token name. null for a token without logprobs. */
  readonly top_logprobs: (Later | null)[];
  /** Start of each token's text in the completion, in UTF-16 units. */
  readonly text_offset: number[];
}

/** Computes where the texts of consecutive tokens begin. */
export class TextOffsets {
  // All tokens of a multi-token character begin at the start of the character.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #end: number;

  /** @param start - offset of the first token's text */
  constructor(start: number) {
    this.#end = start;
  }

  next(token: TokenLogprob): number {
    const start = this.#end;
    this.#end += this.#decoder.decode(bytesOf(token), { stream: true }).length;
    return start;
  }
}

/** @param offsets - continues after the tokens of earlier calls */
export function completionLogprobs(
  logprobs: readonly TokenLogprobs[],
  offsets: TextOffsets,
  nameOf: (token: TokenLogprob) => string,
): CompletionLogprobs {
  return {
    tokens: logprobs.map(nameOf),
    token_logprobs: logprobs.map(({ logprob }) => logprob),
    top_logprobs: logprobs.map(({ top }) => later(() => byName(top, nameOf))),
    text_offset: logprobs.map((each) => offsets.next(each)),
  };
}

/**
 * Logprobs of an echoed prompt. The first token has none, because nothing precedes it.
 * @param logprobs - logprobs of the other tokens
 */
export function promptLogprobs(
  logprobs: readonly TokenLogprobs[],
  text: string,
  nameOf: (token: TokenLogprob) => string,
): CompletionLogprobs {
  // SentencePiece adds a space before the text. The text does not contain it.
  const added = leadingSpaces(logprobs.map((each) => each.text).join("")) - leadingSpaces(text);
  const rest = completionLogprobs(logprobs, new TextOffsets(-added), nameOf);
  return {
    tokens: ["", ...rest.tokens],
    token_logprobs: [null, ...rest.token_logprobs],
    top_logprobs: [null, ...rest.top_logprobs],
    text_offset: [0, ...rest.text_offset.map((offset) => Math.max(0, offset))],
  };
}

function leadingSpaces(text: string): number {
  return text.length - text.replace(/^ +/, "").length;
}

/** Joins the logprobs of two consecutive texts. */
export function joinLogprobs(
  first: CompletionLogprobs,
  second: CompletionLogprobs,
): CompletionLogprobs {
  return {
    tokens: [...first.tokens, ...second.tokens],
    token_logprobs: [...first.token_logprobs, ...second.token_logprobs],
    top_logprobs: [...first.top_logprobs, ...second.top_logprobs],
    text_offset: [...first.text_offset, ...second.text_offset],
  };
}

/** Puts the likeliest token last, so that it wins when two tokens have the same name. */
function byName(
  top: readonly TokenLogprob[],
  nameOf: (token: TokenLogprob) => string,
): Record<string, number> {
  return Object.fromEntries(top.toReversed().map((each) => [nameOf(each), each.logprob]));
}

/** Logprobs in the format of `/v1/chat/completions`. */
export function chatLogprobs(logprobs: Iterable<TokenLogprobs>): object {
  return { content: [...describedTokens(logprobs)], refusal: null };
}

/** The same, but each token's object is created only when it is written. */
export function laterChatLogprobs(logprobs: Iterable<TokenLogprobs>): object {
  return { content: describedTokens(logprobs), refusal: null };
}

function* describedTokens(logprobs: Iterable<TokenLogprobs>): Generator<object> {
  const describe = (token: TokenLogprob) => ({
    token: token.text,
    logprob: token.logprob,
    bytes: [...bytesOf(token)],
  });
  for (const each of logprobs) {
    yield { ...describe(each), top_logprobs: each.top.map(describe) };
  }
}
