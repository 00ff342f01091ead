import type {
  LanguageModelV3FinishReason,
  LanguageModelV3StreamPart,
  LanguageModelV3ToolCall,
} from "@ai-sdk/provider";
import type { Answer } from "../../result.ts";
import type { ToolCall, ToolCallStream } from "../../tools/call-stream.ts";
import { demandedCall, isOpen, type ReadCalls, type ToolPlan } from "../../tools/plan.ts";

const id = "text";

/** An answer's pieces as the AI SDK has them: of its text, or of the call that was demanded. */
export class AnswerParts {
  readonly #tools: ToolPlan;
  readonly #call: ToolCallStream | undefined;

  constructor(tools: ToolPlan) {
    this.#tools = tools;
    this.#call = demandedCall(tools);
  }

  begin(): readonly LanguageModelV3StreamPart[] {
    return this.#isText ? [{ type: "text-start", id }] : [];
  }

  push(text: string): readonly LanguageModelV3StreamPart[] {
    if (this.#isText) return [{ type: "text-delta", id, delta: text }];
    return this.#call === undefined ? [] : inputParts(this.#call, text);
  }

  end({ text }: Answer): readonly LanguageModelV3StreamPart[] {
    if (this.#isText) return [{ type: "text-end", id }];
    const call = this.#call?.call;
    if (call !== undefined) {
      const end = { type: "tool-input-end", id: call.id } as const;
      return this.#call?.isWhole === true ? [end, toolCall(call)] : [end];
    }
    const calls = this.#tools.read(text)?.calls;
    if (calls !== undefined) return calls.flatMap(wholeCall);
    return [
      { type: "text-start", id },
      { type: "text-delta", id, delta: text },
      { type: "text-end", id },
    ];
  }

  get #isText(): boolean {
    return this.#call === undefined && !isOpen(this.#tools);
  }
}

/** Complete calls. A call that a limit cut short stays text. */
export function wholeCalls(read: ReadCalls | undefined): readonly ToolCall[] | undefined {
  return read?.isWhole === true ? read.calls : undefined;
}

export function toolCall({ id, function: called }: ToolCall): LanguageModelV3ToolCall {
  return { type: "tool-call", toolCallId: id, toolName: called.name, input: called.arguments };
}

export function finishReason(
  { finishReason: raw }: Answer,
  isCall: boolean,
): LanguageModelV3FinishReason {
  if (isCall) return { unified: "tool-calls", raw };
  if (raw === "stop" || raw === "length") return { unified: raw, raw };
  return { unified: raw === "abort" ? "other" : "length", raw };
}

function inputParts(stream: ToolCallStream, text: string): LanguageModelV3StreamPart[] {
  return stream.push(text).flatMap(({ function: { name, arguments: delta } }) => {
    const callId = stream.call?.id ?? "";
    return [
      ...(name === undefined
        ? []
        : [{ type: "tool-input-start" as const, id: callId, toolName: name }]),
      ...(delta === "" ? [] : [{ type: "tool-input-delta" as const, id: callId, delta }]),
    ];
  });
}

function wholeCall(call: ToolCall): LanguageModelV3StreamPart[] {
  const { name, arguments: delta } = call.function;
  return [
    { type: "tool-input-start", id: call.id, toolName: name },
    { type: "tool-input-delta", id: call.id, delta },
    { type: "tool-input-end", id: call.id },
    toolCall(call),
  ];
}
