import type { ChatMessage } from "../options/messages.ts";

/** A prompt as it is, for a remote engine that makes tokens of it itself. */
export type RemotePrompt = RemoteText | RemoteHole | RemoteDialog;

export interface RemoteText {
  readonly text: string;
  /** Control tokens spelled out in it are meant as such. */
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
