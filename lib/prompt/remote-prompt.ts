import type { ChatMessage } from "../options/messages.ts";

/** A prompt as text, for a remote engine that tokenizes it. */
export type RemotePrompt = RemoteText | RemoteHole | RemoteDialog;

export interface RemoteText {
  readonly text: string;
  /** Whether spelled-out control tokens become control tokens. */
  readonly special: boolean;
}

export interface RemoteHole {
  readonly prefix: string;
  readonly suffix: string;
}

export interface RemoteDialog {
  readonly messages: readonly ChatMessage[];
  readonly tools?: readonly object[] | undefined;
}
