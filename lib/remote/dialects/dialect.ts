import type { EngineCall } from "../../engine/port.ts";
import type {
  DroppedKeyword,
  FinishReason,
  NativeTokenLogprob,
  NativeTokenLogprobs,
} from "../../native/binding.ts";
import type { RemoteKind } from "../../options/connect.ts";

/** Text of a token, and its bytes if they are not valid UTF-8. */
export type Spelling = Pick<NativeTokenLogprob, "text" | "bytes">;

/** What a dialect needs to know to write a request and to read its answer. */
export interface RemoteFacts {
  /** Name of the model on the remote server. */
  readonly modelId: string;
  /** In tokens; `Infinity` if unknown. */
  readonly contextSize: number;
  /** `Infinity` if unknown. */
  readonly vocabularySize: number;
  /** End-of-generation tokens; empty without a vocabulary. */
  readonly ends: readonly number[];
  /** Undefined without a vocabulary. */
  readonly spell: ((token: number) => Spelling) | undefined;
}

/** One HTTP request and the reader of its answer. */
export interface RemoteExchange {
  readonly path: string;
  readonly body: object;
  /** Whether the answer is a stream of events. Otherwise it is one JSON value. */
  readonly streams: boolean;
  /** Maximum bytes of an answer that is not a stream. Default `usualAnswer`. */
  readonly longestAnswer?: number | undefined;
  /** Reads one event of the stream, or the whole answer. Undefined for an unexpected form. */
  read(event: unknown): RemoteChunk | undefined;
}

/** Content of one event. */
export interface RemoteChunk {
  readonly text: string;
  readonly tokens: readonly number[];
  /** Characters of the answer that are not shown, such as reasoning. Default 0. */
  readonly hidden?: number;
  readonly logprobs?: readonly NativeTokenLogprobs[] | undefined;
  readonly promptLogprobs?: readonly NativeTokenLogprobs[] | undefined;
  readonly embedding?: Float32Array;
  readonly finish?: RemoteFinish | undefined;
  readonly usage?: RemoteUsage | undefined;
  /** Whether this is the last event. */
  readonly isLast?: boolean;
}

export interface RemoteFinish {
  readonly reason: FinishReason;
  readonly stopString: string;
  /** Keywords of a lenient JSON schema that the server did not enforce. Only node-codellama names them. */
  readonly droppedKeywords?: readonly DroppedKeyword[] | undefined;
}

export interface RemoteUsage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly draftTokens?: number | undefined;
  readonly acceptedTokens?: number | undefined;
}

/** Translates requests and answers for one kind of server. */
export interface Dialect {
  readonly kind: RemoteKind;
  /** Name for error messages, such as `"vLLM"`. */
  readonly name: string;
  /** Whether prompts may be token arrays. */
  readonly takesTokens: boolean;
  readonly healsTokens: boolean;
  /** Whether the server lays out a `RemoteHole` like this package. */
  readonly fillsHoles: boolean;
  /** @throws CodeLlamaError `CAPABILITY_MISSING`, naming the option that the server does not support */
  exchange(call: EngineCall, facts: RemoteFacts): RemoteExchange;
}
