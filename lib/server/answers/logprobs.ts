import type { TokenLogprob, TokenLogprobs } from "../../result.ts";
import { bytesOf } from "../../tools/content-logprobs.ts";
import { type Later, later } from "../http/json-pieces.ts";

/** Logprobs as `/v1/completions` has them. */
export interface CompletionLogprobs {
  readonly tokens: string[];
  readonly token_logprobs: (number | null)[];
  /** Objects with the logprobs by the tokens' names; null for none. */
  readonly top_logprobs: (Later | null)[];
  /** Of each token's text within the completion, in UTF-16 units. */
  readonly text_offset: number[];
}

/** Tells where the texts of tokens that follow each other begin. */
export class TextOffsets {
  // A character may take several tokens: the later ones begin where it does.
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #end: number;

  /** @param start - of the first token's text */
  constructor(start: number) {
    this.#end = start;
  }

  next(token: TokenLogprob): number {
    const start = this.#end;
    this.#end += this.#decoder.decode(bytesOf(token), { stream: true }).length;
    return start;
  }
}

/** @param offsets - of the text so far; they go on behind these tokens */
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
 * Of an echoed prompt, whose first token begins the text and has nothing before it.
 * @param logprobs - of the other tokens
 */
export function promptLogprobs(
  logprobs: readonly TokenLogprobs[],
  text: string,
  nameOf: (token: TokenLogprob) => string,
): CompletionLogprobs {
  // SentencePiece puts a space before a text, which is none of it.
  const added = spacesBefore(logprobs.map((each) => each.text).join("")) - spacesBefore(text);
  const rest = completionLogprobs(logprobs, new TextOffsets(-added), nameOf);
  return {
    tokens: ["", ...rest.tokens],
    token_logprobs: [null, ...rest.token_logprobs],
    top_logprobs: [null, ...rest.top_logprobs],
    text_offset: [0, ...rest.text_offset.map((offset) => Math.max(0, offset))],
  };
}

function spacesBefore(text: string): number {
  return text.length - text.replace(/^ +/, "").length;
}

/** Those of a text and of what follows it. */
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

/** The likeliest last, so that of tokens with one name the likelier stays. */
function byName(
  top: readonly TokenLogprob[],
  nameOf: (token: TokenLogprob) => string,
): Record<string, number> {
  return Object.fromEntries(top.toReversed().map((each) => [nameOf(each), each.logprob]));
}

/** Logprobs as `/v1/chat/completions` has them. */
export function chatLogprobs(logprobs: Iterable<TokenLogprobs>): object {
  return { content: [...describedTokens(logprobs)], refusal: null };
}

/** The same, with each token's made when it is written. */
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
