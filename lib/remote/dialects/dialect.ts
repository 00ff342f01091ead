import type { EngineCall } from "../../generation.ts";
import type { NativeTokenLogprob, NativeTokenLogprobs } from "../../native/binding.ts";
import type { RemoteKind } from "../../options/connect.ts";
import type { FinishReason } from "../../result.ts";

/** What a token is in a text. */
export type Spelling = Pick<NativeTokenLogprob, "text" | "bytes">;

/** What a dialect needs to know to say a request and to read its answer. */
export interface RemoteFacts {
  /** The model's name at the remote. */
  readonly modelId: string;
  /** `Infinity` where it is not known. */
  readonly contextSize: number;
  /** `Infinity` where it is not known. */
  readonly vocabularySize: number;
  /** Tokens at which a generation ends; empty without a vocabulary. */
  readonly ends: readonly number[];
  /** Undefined without a vocabulary. */
  readonly spell: ((token: number) => Spelling) | undefined;
}

/** A request as it goes out. */
export interface RemoteExchange {
  readonly path: string;
  readonly body: object;
  /** Whether the answer is a stream of events; otherwise it is one. */
  readonly streams: boolean;
  /** Bytes of an answer that is no stream; by default those of a usual one. */
  readonly longestAnswer?: number | undefined;
  /** Takes one event of the answer's stream; undefined for one of an unknown form. */
  read(event: unknown): RemoteChunk | undefined;
}

/** What one event tells. */
export interface RemoteChunk {
  readonly text: string;
  readonly tokens: readonly number[];
  /** Characters of the answer that are not shown, such as reasoning. Default 0. */
  readonly hidden?: number;
  readonly logprobs?: readonly NativeTokenLogprobs[] | undefined;
  readonly promptLogprobs?: readonly NativeTokenLogprobs[] | undefined;
  readonly embedding?: Float32Array;
  readonly finish?: { readonly reason: FinishReason; readonly stopString: string } | undefined;
  readonly usage?: RemoteUsage | undefined;
  /** Nothing comes behind it. */
  readonly isLast?: boolean;
}

export interface RemoteUsage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly draftTokens?: number | undefined;
  readonly acceptedTokens?: number | undefined;
}

/** How one kind of server is spoken to. */
export interface Dialect {
  readonly kind: RemoteKind;
  /** For messages: `"vLLM"`. */
  readonly name: string;
  /** Whether prompts may be token arrays. */
  readonly takesTokens: boolean;
  readonly healsTokens: boolean;
  /** Whether it lays out a `RemoteHole` as this package does. */
  readonly fillsHoles: boolean;
  /** @throws CodeLlamaError `CAPABILITY_MISSING`, naming the option that it has no word for */
  exchange(call: EngineCall, facts: RemoteFacts): RemoteExchange;
}
