/**
 * A piece of a prompt: a control token's id; or text, in which control tokens that are spelled out
 * are never taken as such unless it is `special`.
 */
export type PromptPart = number | PromptText;

export interface PromptText {
  readonly text: string;
  /** It follows another text: no implicit leading space (SentencePiece's dummy prefix). */
  readonly inside?: boolean;
  /** Control tokens spelled out in it are taken as such. Default false. */
  readonly special?: boolean;
  /** It is encoded together with the text before it, so that tokens may reach across. */
  readonly joined?: boolean;
}
