import type {
  LanguageModelV3FinishReason,
  LanguageModelV3StreamPart,
  LanguageModelV3ToolCall,
} from "@ai-sdk/provider";
import type { FinishReason } from "../../native/binding.ts";
import type { AnswerEvent } from "../../tools/answer-stream.ts";
import type { ToolCall, ToolCallDelta } from "../../tools/call-stream.ts";

const textId = "text";

/** Translates the events of one answer into the AI SDK's stream parts, except the finish. */
export class StreamParts {
  #hasText = false;
  #callId = "";

  translate(event: AnswerEvent): readonly LanguageModelV3StreamPart[] {
    switch (event.type) {
      case "text":
        return [...this.#startText(), { type: "text-delta", id: textId, delta: event.text }];
      case "call":
        return this.#inputParts(event.delta);
      case "call-end": {
        const end = { type: "tool-input-end", id: event.call.id } as const;
        return event.isComplete ? [end, toolCall(event.call)] : [end];
      }
      case "finish":
        // An answer without tokens still has a text.
        if (!this.#hasText && this.#callId !== "") return [];
        return [...this.#startText(), { type: "text-end", id: textId }];
    }
  }

  #startText(): readonly LanguageModelV3StreamPart[] {
    if (this.#hasText) return [];
    this.#hasText = true;
    return [{ type: "text-start", id: textId }];
  }

  #inputParts({ id, function: called }: ToolCallDelta): readonly LanguageModelV3StreamPart[] {
    const parts: LanguageModelV3StreamPart[] = [];
    this.#callId = id ?? this.#callId;
    const { name, arguments: delta } = called;
    if (name !== undefined) {
      parts.push({ type: "tool-input-start", id: this.#callId, toolName: name });
    }
    if (delta !== "") parts.push({ type: "tool-input-delta", id: this.#callId, delta });
    return parts;
  }
}

export function toolCall({ id, function: called }: ToolCall): LanguageModelV3ToolCall {
  return { type: "tool-call", toolCallId: id, toolName: called.name, input: called.arguments };
}

export function finishReason(raw: FinishReason, isToolCall: boolean): LanguageModelV3FinishReason {
  if (isToolCall) return { unified: "tool-calls", raw };
  if (raw === "stop" || raw === "length") return { unified: raw, raw };
  return { unified: raw === "abort" ? "other" : "length", raw };
}
