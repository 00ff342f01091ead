import type { FinishReason } from "../../native/binding.ts";

/** The model operation of a request, as metrics and traces name it. */
export interface Operation {
  /** OpenTelemetry's `gen_ai.operation.name`; infill is our own addition. */
  readonly name: "text_completion" | "chat" | "embeddings" | "infill";
  readonly maxTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
}

/** Facts about one request that logs, metrics and traces report. */
export interface RequestRecord {
  readonly id: string;
  readonly method: string;
  /** The route, or `unknown`. Never the path that the client sent. */
  readonly path: string;
  /** Name of the API key, or `anonymous`. */
  readonly keyName: string;
  /** Undefined for routes that do not use the model. */
  readonly operation: Operation | undefined;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  /** Time to the first token of the first answer. */
  readonly timeToFirstTokenMs: number | undefined;
  /** Mean milliseconds between two tokens, one entry per answer. */
  readonly tokenIntervalsMs: readonly number[];
  readonly finishReasons: readonly FinishReason[];
  readonly status: number;
  readonly error: { readonly code: string } | undefined;
  readonly durationMs: number;
}
