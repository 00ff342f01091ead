import { types } from "node:util";
import type {
  DroppedKeyword,
  NativeCompilation,
  NativeFinished,
  NativeModel,
  NativeOutput,
  NativeRequest,
  NativeStopPattern,
  PromptPart,
} from "../native/binding.ts";
import type { EngineStats } from "../native/model-info.ts";
import type { ChatMessage } from "../options/messages.ts";
import type { Pattern } from "../options/regular-expression.ts";
import type { Structure } from "../options/structure.ts";

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

/** A prompt in the form that an engine submits: tokens, or text that a remote engine tokenizes. */
export type EnginePrompt = Int32Array | RemotePrompt;

/** A prompt in its source form. `EnginePort.prepare` decides how it is encoded. */
export interface Prompt {
  /**
   * The call or option that only an engine with a vocabulary can honour, such as
   * `generate(): overflow: "truncate"`. Absent: every engine can.
   */
  readonly needsVocabulary?: string | undefined;
  /** Checks the prompt and returns it unchanged. Used by an engine without a vocabulary. */
  source(): EnginePrompt;
  /**
   * Checks the prompt and begins to lay it out. Used by an engine with a vocabulary. The returned
   * function encodes the prompt; it runs once per job.
   */
  layOut(): (encoder: PromptEncoder) => Int32Array | Promise<Int32Array>;
}

/** Encodes parts of one prompt. Rejects with the reason of the job's stop signal when that is aborted. */
export interface PromptEncoder {
  /**
   * @param limit - a text that certainly has more tokens is not tokenized and throws
   *   `CONTEXT_OVERFLOW`. Default: the context window, or the job's maximum prompt length if that is
   *   smaller
   */
  encode(parts: readonly PromptPart[], limit?: number): Int32Array | Promise<Int32Array>;
}

/**
 * Encodes a prepared prompt.
 * @param stop - ends the work, which then rejects with the signal's reason
 * @param limit - maximum number of tokens, see `PromptEncoder.encode`
 */
export type PreparedPrompt = (
  stop: AbortSignal,
  limit?: number,
) => EnginePrompt | Promise<EnginePrompt>;

/** A request to an engine. */
export type EngineCall = Omit<NativeRequest, "id" | "grammar" | "prompt" | "stopPatterns"> & {
  readonly prompt: EnginePrompt;
  readonly seed: number;
  readonly structure?: Structure | undefined;
  /** Regular expressions that end the text. */
  readonly patterns?: readonly Pattern[] | undefined;
};

/** What an engine compiled before a request. */
export interface Compiled extends Partial<NativeCompilation> {
  readonly stopPatterns?: readonly NativeStopPattern[] | undefined;
}

/** Changes an answer's text before the reader sees it. */
export interface TextFilter {
  /** Takes new text and returns the text to show now. */
  push(text: string): string;
  /** Returns the rest of the text. */
  finish(): string;
}

/** How a request ended, and what it used. */
export type RequestOutcome = Omit<NativeFinished, "type" | "id"> & {
  /** Keywords of a lenient JSON schema that a remote server did not enforce. */
  readonly droppedKeywords?: readonly DroppedKeyword[] | undefined;
};

/** A request that an engine works on. */
export interface RunningRequest {
  /** Rejects with the request's error. */
  readonly outcome: Promise<RequestOutcome>;
  /** Ends the request with `finishReason: "abort"`. Does nothing once the request has ended. */
  cancel(): void;
  /** Pauses or resumes the request. The engine does not compute a paused request. */
  setPaused(paused: boolean): void;
}

/** `"failed"`: an error stopped the engine, and it takes no more requests. */
export type EngineState = "ready" | "failed" | "closed";

/** Turns text into tokens and tokens into text, on the calling thread unless stated otherwise. */
export interface Vocabulary {
  /** Encodes a prompt of any length. */
  encode(parts: readonly PromptPart[]): Int32Array;
  /**
   * Encodes a prompt; a long one on another thread.
   * @param limit - a text that certainly has more tokens throws `CONTEXT_OVERFLOW` at once
   * @param stop - ends the work, which then rejects with the signal's reason
   */
  encodeLong(
    parts: readonly PromptPart[],
    limit: number,
    stop?: AbortSignal,
  ): Int32Array | Promise<Int32Array>;
  tokenize(text: string, bos: boolean, special: boolean): Int32Array;
  detokenize(tokens: Int32Array, special: boolean): string;
  /** The bytes of one token inside a text; the name of a control token. */
  tokenBytes(token: number): Uint8Array;
}

/** What every engine offers, in this process or remote. Modes know engines only through this port. */
export interface EnginePort {
  readonly model: NativeModel;
  /** Maximum number of tokens of a sequence; 0 if the engine cannot generate, `Infinity` if unknown. */
  readonly contextSize: number;
  readonly loras: readonly { readonly name: string; readonly scale: number }[];
  /** Whether the engine can heal a prompt's last token. */
  readonly healsTokens: boolean;

  readonly state: EngineState;

  /** @throws CodeLlamaError `CLOSED`, naming the call; after a failure its code and message */
  requireOpen(where: string): void;
  /** @throws CodeLlamaError `CLOSED`, or `CAPABILITY_MISSING` if the engine cannot generate */
  requireContext(where: string): void;
  /**
   * The vocabulary of the model.
   * @param user - the call or option that needs it
   * @throws CodeLlamaError `CAPABILITY_MISSING`, naming `user`, if the engine has none
   */
  vocabulary(user: string): Vocabulary;
  /**
   * Checks a prompt and chooses how to encode it.
   * @throws CodeLlamaError `CAPABILITY_MISSING`; the errors of the prompt's own checks
   */
  prepare(prompt: Prompt): PreparedPrompt;

  /** A new number for requests that share a prompt. */
  newGroup(): number;
  /**
   * Starts a request.
   * @param onOutput - called with each output of the request; must not throw
   * @throws CodeLlamaError `CLOSED`, `QUEUE_FULL`, `CAPABILITY_MISSING` for an option that the
   *   engine does not have
   */
  submit(call: EngineCall & Compiled, onOutput: (output: NativeOutput) => void): RunningRequest;
  /**
   * Compiles the structure and the stop patterns of a call. A remote server compiles the structure
   * itself.
   * @param stop - ends the work, which then rejects with the signal's reason
   * @throws CodeLlamaError `INVALID_GRAMMAR`
   */
  compile(
    call: Pick<EngineCall, "structure" | "patterns">,
    stop?: AbortSignal,
  ): Promise<Compiled> | Compiled;
  stats(): EngineStats;
  close(): Promise<void>;
}

/** As `limit` of an encoding: no limit. */
export const noPromptLimit = 2 ** 32 - 1;

/** Number of tokens of a prompt; 0 for a prompt that a remote engine tokenizes. */
export function promptLength(prompt: EnginePrompt): number {
  return types.isInt32Array(prompt) ? prompt.length : 0;
}

/** The tokens of a prompt that was prepared with a vocabulary. */
export function tokensOf(prompt: EnginePrompt): Int32Array {
  if (types.isInt32Array(prompt)) return prompt;
  throw new RangeError("the prompt has no tokens");
}

/**
 * Prepares a prompt with a vocabulary.
 * @param longest - maximum number of tokens that the engine can take
 */
export function prepareWith(
  vocabulary: Vocabulary,
  prompt: Prompt,
  longest: number,
): PreparedPrompt {
  const encode = prompt.layOut();
  return (stop, limit = longest) => {
    const most = Math.min(longest, limit);
    return encode({
      encode: (parts, own = most) => vocabulary.encodeLong(parts, own, stop),
    });
  };
}
