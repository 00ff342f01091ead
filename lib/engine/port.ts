import { types } from "node:util";
import type {
  NativeGrammar,
  NativeModel,
  NativeOutput,
  NativeRequest,
  PromptPart,
} from "../native/binding.ts";
import type { EngineStats } from "../native/model-info.ts";
import type { ChatMessage } from "../options/messages.ts";
import type { Structure } from "../options/structure.ts";
import type { RequestOutcome } from "./request.ts";

/** A prompt that a remote engine encodes itself. */
export type RemotePrompt = RemoteText | RemoteHole | RemoteDialog;

export interface RemoteText {
  readonly text: string;
  /** Control tokens that the text spells out become control tokens. */
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

/** A prompt in the form that an engine takes. */
export type EnginePrompt = Int32Array | RemotePrompt;

/** A request to an engine. */
export type EngineCall = Omit<NativeRequest, "id" | "grammar" | "prompt"> & {
  readonly prompt: EnginePrompt;
  readonly seed: number;
  readonly structure?: Structure | undefined;
};

/** Changes an answer's text before the reader sees it. */
export interface TextFilter {
  /** Takes new text and returns the text to show now. */
  push(text: string): string;
  /** Returns the rest of the text. */
  finish(): string;
}

/** A request that an engine works on. */
export interface RunningRequest {
  readonly outcome: Promise<RequestOutcome>;
  /** It ends with `finishReason: "abort"`, unless it has ended before. */
  cancel(): void;
  /** A paused request is not computed: its reader is behind. */
  setPaused(paused: boolean): void;
}

/** `"failed"`: a failure stopped the engine, which takes no more requests. */
export type EngineState = "ready" | "failed" | "closed";

/** What completions, infills and chats need of an engine, whether it is in this process or far away. */
export interface EnginePort {
  readonly model: NativeModel;
  /** Tokens of the longest sequence; 0 where nothing can be generated. */
  readonly contextSize: number;
  readonly loras: readonly { readonly name: string; readonly scale: number }[];
  /** Whether prompts become tokens here; otherwise they go out as a `RemotePrompt`. */
  readonly hasVocabulary: boolean;
  /** Whether it can write a prompt's last token anew. */
  readonly healsTokens: boolean;

  readonly state: EngineState;

  /** @throws CodeLlamaError `CLOSED`, naming the call; after a failure its code and message */
  requireOpen(where: string): void;
  /** @throws CodeLlamaError `CLOSED`, or `CAPABILITY_MISSING` where nothing can be generated */
  requireContext(where: string): void;
  /** @throws CodeLlamaError `CAPABILITY_MISSING`, naming what needs one */
  requireVocabulary(what: string): void;

  /** A number for requests that have one prompt. */
  newGroup(): number;
  /**
   * @throws CodeLlamaError `CLOSED`, `QUEUE_FULL`, `CAPABILITY_MISSING` for an option that it does
   *   not have
   */
  submit(
    call: EngineCall & { readonly grammar?: NativeGrammar | undefined },
    onOutput: (output: NativeOutput) => void,
  ): RunningRequest;
  /** A prompt's tokens, made on this thread. */
  encode(parts: readonly PromptPart[]): Int32Array;
  /**
   * A prompt's tokens; those of a long one are made on another thread. Rejects with the reason of
   * `stop` as soon as it is aborted, and the work ends.
   */
  encodePrompt(
    parts: readonly PromptPart[],
    limit?: number,
    stop?: AbortSignal,
  ): Int32Array | Promise<Int32Array>;
  /** Of a structure that is followed here. `stop` as above. @throws CodeLlamaError `INVALID_GRAMMAR` */
  compileGrammar(structure: Structure, stop?: AbortSignal): Promise<NativeGrammar | undefined>;
  tokenize(text: string, bos: boolean, special: boolean): Int32Array;
  detokenize(tokens: Int32Array, special: boolean): string;
  tokenBytes(token: number): Uint8Array;
  stats(): EngineStats;
  close(): Promise<void>;
}

/** For texts that are tokenised whatever their length. */
export const noPromptLimit = 2 ** 32 - 1;

/** The tokens of a prompt, as far as they are known here. */
export function promptLength(prompt: EnginePrompt): number {
  return types.isInt32Array(prompt) ? prompt.length : 0;
}
