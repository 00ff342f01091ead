/**
 * One part of a prompt: the id of a control token, or text. Text that spells a control token stays
 * text unless the part is `special`.
 */
export type PromptPart = number | PromptText;

export interface PromptText {
  readonly text: string;
  /** Encodes without the implicit leading space (SentencePiece's dummy prefix). Default false. */
  readonly inside?: boolean;
  /** Encodes spelled-out control tokens as control tokens. Default false. */
  readonly special?: boolean;
  /** Encodes together with the text before it, so that a token may span both. Default false. */
  readonly joined?: boolean;
}
