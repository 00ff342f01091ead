import type { TokenLogprob, TokenLogprobs } from "../result.ts";

/** Logprobs as `/v1/completions` has them. */
export interface CompletionLogprobs {
  readonly tokens: string[];
  readonly token_logprobs: (number | null)[];
  readonly top_logprobs: (Record<string, number> | null)[];
  /** Of each token's text within the completion, in UTF-16 units. */
  readonly text_offset: number[];
}

/**
 * @param offset - of the first token's text
 * @param nameOf - how a token is named
 * @param first - the first token of an echoed prompt, which nothing comes before
 */
export function completionLogprobs(
  logprobs: readonly TokenLogprobs[],
  offset: number,
  nameOf: (token: TokenLogprob) => string,
  first?: string,
): CompletionLogprobs {
  const texts = logprobs.map(({ text }) => text);
  const names = logprobs.map(nameOf);
  const none = first === undefined ? [] : [null];
  let end = offset;
  return {
    tokens: first === undefined ? names : [first, ...names],
    token_logprobs: [...none, ...logprobs.map(({ logprob }) => logprob)],
    top_logprobs: [...none, ...logprobs.map(({ top }) => byName(top, nameOf))],
    text_offset: (first === undefined ? texts : [first, ...texts]).map((text) => {
      const start = end;
      end += text.length;
      return start;
    }),
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
export function chatLogprobs(logprobs: readonly TokenLogprobs[]): object {
  const describe = ({ text, logprob }: TokenLogprob) => ({
    token: text,
    logprob,
    bytes: [...Buffer.from(text)],
  });
  return {
    content: logprobs.map((each) => ({ ...describe(each), top_logprobs: each.top.map(describe) })),
    refusal: null,
  };
}
