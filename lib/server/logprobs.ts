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
 * @param first - the first token of an echoed prompt, which nothing comes before
 */
export function completionLogprobs(
  logprobs: readonly TokenLogprobs[],
  offset: number,
  first?: string,
): CompletionLogprobs {
  const texts = logprobs.map(({ text }) => text);
  const tokens = first === undefined ? texts : [first, ...texts];
  const none = first === undefined ? [] : [null];
  let end = offset;
  return {
    tokens,
    token_logprobs: [...none, ...logprobs.map(({ logprob }) => logprob)],
    top_logprobs: [...none, ...logprobs.map(({ top }) => byText(top))],
    text_offset: tokens.map((text) => {
      const start = end;
      end += text.length;
      return start;
    }),
  };
}

/** The likeliest first, so that of tokens with one text the likelier stays. */
function byText(top: readonly TokenLogprob[]): Record<string, number> {
  return Object.fromEntries(top.toReversed().map(({ text, logprob }) => [text, logprob]));
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
