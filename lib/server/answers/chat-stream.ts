import { append } from "../../base/append.ts";
import type { Chunk } from "../../generation.ts";
import type { Answer, TokenLogprobs } from "../../result.ts";
import type { ToolCallStream } from "../../tools/call-stream.ts";
import { demandedCall, isOpen, type ToolPlan } from "../../tools/plan.ts";
import { chatFinishReason } from "./completion-answer.ts";
import { ContentLogprobs } from "./content-logprobs.ts";
import { chatLogprobs } from "./logprobs.ts";

/** One answer of a chat as OpenAI's events have it: what each tells, as its `choices`. */
export class ChatStream {
  readonly #index: number;
  readonly #tools: ToolPlan;
  readonly #call: ToolCallStream | undefined;
  readonly #logprobs = new ContentLogprobs();
  /** Logprobs that no event has told yet. */
  #waiting: TokenLogprobs[] = [];
  /** Tokens of the answer that have come. */
  #tokens = 0;

  constructor(index: number, tools: ToolPlan) {
    this.#index = index;
    this.#tools = tools;
    this.#call = demandedCall(tools);
  }

  begin(): object {
    return this.#event({ role: "assistant", content: "" });
  }

  push({ text, logprobs = [] }: Chunk): readonly object[] {
    this.#tokens += logprobs.length;
    this.#logprobs.push(logprobs);
    append(this.#waiting, this.#logprobs.show(text.length));
    return this.#deltas(text).map((delta) => {
      const fresh = this.#waiting;
      this.#waiting = [];
      return this.#event(delta, fresh);
    });
  }

  end(answer: Answer): readonly object[] {
    const read = this.#tools.read(answer.text);
    this.#logprobs.push(answer.logprobs?.slice(this.#tokens) ?? []);
    append(this.#waiting, this.#logprobs.finish());
    const last = this.#event({}, this.#waiting, chatFinishReason(answer.finishReason, read));
    const isUntold = isOpen(this.#tools) || (this.#call !== undefined && read === undefined);
    if (!isUntold) return [last];
    const numbered = read?.calls.map((call, number) => ({ index: number, ...call }));
    return [this.#event(numbered ? { tool_calls: numbered } : { content: answer.text }), last];
  }

  #deltas(text: string): readonly object[] {
    if (this.#call !== undefined) {
      return this.#call.push(text).map((each) => ({ tool_calls: [each] }));
    }
    return isOpen(this.#tools) ? [] : [{ content: text }];
  }

  #event(delta: object, logprobs: readonly TokenLogprobs[] = [], reason: string | null = null) {
    return {
      index: this.#index,
      delta,
      logprobs: logprobs.length === 0 ? null : chatLogprobs(logprobs),
      finish_reason: reason,
    };
  }
}
