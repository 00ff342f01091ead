import type { DroppedKeyword } from "../../native/binding.ts";
import type { TokenLogprobs } from "../../result.ts";
import type { AnswerEvent } from "../../tools/answer-stream.ts";
import { chatFinishReason } from "./completion-answer.ts";
import { chatLogprobs } from "./logprobs.ts";

/** First choice of a streamed answer: it names the role. */
export function firstChatChoice(index: number): object {
  return choice(index, { role: "assistant", content: "" });
}

/**
 * One event of an answer as a choice of OpenAI's stream. Undefined for the end of a call: OpenAI has none.
 * @param droppedKeywords - goes into the last choice
 */
export function chatChoice(
  index: number,
  event: AnswerEvent,
  droppedKeywords?: readonly DroppedKeyword[],
): object | undefined {
  switch (event.type) {
    case "text":
      return choice(index, { content: event.text }, event.logprobs);
    case "call":
      return choice(index, { tool_calls: [event.delta] }, event.logprobs);
    case "call-end":
      return undefined;
    case "finish":
      return {
        ...choice(index, {}, event.logprobs, chatFinishReason(event.reason, event.isToolCall)),
        ...(droppedKeywords && { dropped_keywords: droppedKeywords }),
      };
  }
}

function choice(
  index: number,
  delta: object,
  logprobs: readonly TokenLogprobs[] = [],
  reason: string | null = null,
): object {
  return {
    index,
    delta,
    logprobs: logprobs.length === 0 ? null : chatLogprobs(logprobs),
    finish_reason: reason,
  };
}
