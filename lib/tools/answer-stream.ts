import { append } from "../base/append.ts";
import type { FinishReason } from "../native/binding.ts";
import type { Answer, TokenLogprobs } from "../result.ts";
import { type ToolCall, type ToolCallDelta, ToolCallStream } from "./call-stream.ts";
import { ContentLogprobs } from "./content-logprobs.ts";
import type { ParsedCalls } from "./parse-calls.ts";
import type { ToolPlan } from "./plan.ts";

/** Part of a streamed chat answer. Each client dialect translates these events into its own form. */
export type AnswerEvent = TextEvent | CallEvent | CallEndEvent | FinishEvent;

export interface TextEvent {
  readonly type: "text";
  readonly text: string;
  readonly logprobs: readonly TokenLogprobs[];
}

/** The next part of a tool call. The first part of each call has its id and its name. */
export interface CallEvent {
  readonly type: "call";
  readonly delta: ToolCallDelta;
  readonly logprobs: readonly TokenLogprobs[];
}

export interface CallEndEvent {
  readonly type: "call-end";
  readonly call: ToolCall;
  /** False when a limit ended the answer inside the arguments. */
  readonly isComplete: boolean;
}

/** The last event of every answer. */
export interface FinishEvent {
  readonly type: "finish";
  readonly reason: FinishReason;
  /** Whether the answer is one or more complete tool calls. */
  readonly isToolCall: boolean;
  /** Logprobs of all tokens that no earlier event carried. */
  readonly logprobs: readonly TokenLogprobs[];
}

type AnswerChunk = { readonly text: string; readonly logprobs?: readonly TokenLogprobs[] };

/** Turns the chunks of one chat answer into events. The tool plan says whether they are calls. */
export class AnswerStream {
  readonly #plan: ToolPlan;
  /** The call that the answer must be. Undefined unless the plan requires a call. */
  readonly #required: ToolCallStream | undefined;
  readonly #content = new ContentLogprobs();
  /** Logprobs of shown text that no event has carried yet. */
  #pending: TokenLogprobs[] = [];
  #tokenCount = 0;

  constructor(plan: ToolPlan) {
    this.#plan = plan;
    this.#required = plan.mode === "required" ? new ToolCallStream() : undefined;
  }

  push({ text, logprobs = [] }: AnswerChunk): readonly (TextEvent | CallEvent)[] {
    this.#tokenCount += logprobs.length;
    this.#content.push(logprobs);
    append(this.#pending, this.#content.show(text.length));
    if (this.#required !== undefined) {
      return this.#required
        .push(text)
        .map((delta) => ({ type: "call", delta, logprobs: this.#takeLogprobs() }));
    }
    // In mode "auto" the text may turn out to be a call, so finish() emits it.
    if (this.#plan.mode === "auto") return [];
    return [{ type: "text", text, logprobs: this.#takeLogprobs() }];
  }

  /** Takes the whole answer after its last chunk. Returns the rest of the events. */
  finish(answer: Pick<Answer, "text" | "finishReason" | "logprobs">): readonly AnswerEvent[] {
    this.#content.push(answer.logprobs?.slice(this.#tokenCount) ?? []);
    append(this.#pending, this.#content.finish());
    const parsed = this.#parseCalls(answer.text);
    return [
      ...this.#remainder(answer.text, parsed),
      {
        type: "finish",
        reason: answer.finishReason,
        isToolCall: parsed?.isComplete === true,
        logprobs: this.#takeLogprobs(),
      },
    ];
  }

  #parseCalls(text: string): ParsedCalls | undefined {
    if (this.#required === undefined) return this.#plan.parseCalls(text);
    const { call, isComplete } = this.#required;
    return call && { calls: [call], isComplete };
  }

  /** Events for the calls, or for text that push() has held back. */
  #remainder(text: string, parsed: ParsedCalls | undefined): readonly AnswerEvent[] {
    if (this.#plan.mode === "none") return [];
    if (parsed === undefined) return [{ type: "text", text, logprobs: [] }];
    return parsed.calls.flatMap((call, index): AnswerEvent[] => {
      const end = { type: "call-end", call, isComplete: parsed.isComplete } as const;
      if (this.#required !== undefined) return [end];
      return [{ type: "call", delta: { index, ...call }, logprobs: [] }, end];
    });
  }

  #takeLogprobs(): readonly TokenLogprobs[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }
}
