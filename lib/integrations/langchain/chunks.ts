import { AIMessageChunk, type ToolCallChunk } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import type { Answer } from "../../result.ts";
import type { ToolCallDelta, ToolCallStream } from "../../tools/call-stream.ts";
import { demandedCall, isOpen, type ToolPlan } from "../../tools/plan.ts";

/** An answer's pieces as LangChain has them: of its text, or of the call that was demanded. */
export class ChatChunks {
  readonly #tools: ToolPlan;
  readonly #call: ToolCallStream | undefined;

  constructor(tools: ToolPlan) {
    this.#tools = tools;
    this.#call = demandedCall(tools);
  }

  push(text: string): readonly ChatGenerationChunk[] {
    if (this.#call !== undefined) return this.#call.push(text).map((delta) => callChunk(delta));
    return isOpen(this.#tools) ? [] : [textChunk(text)];
  }

  /** What was held back until the answer's end, for it might have been a call. */
  end({ text }: Answer): readonly ChatGenerationChunk[] {
    const read = this.#tools.read(text);
    if (read === undefined) {
      return isOpen(this.#tools) || this.#call !== undefined ? [textChunk(text)] : [];
    }
    if (!isOpen(this.#tools)) return [];
    return read.calls.map((call, index) => callChunk({ ...call, index }));
  }
}

function textChunk(text: string): ChatGenerationChunk {
  return new ChatGenerationChunk({ text, message: new AIMessageChunk({ content: text }) });
}

function callChunk({
  index,
  id,
  function: { name, arguments: args },
}: Omit<ToolCallDelta, "index"> & { readonly index: number }): ChatGenerationChunk {
  const chunk: ToolCallChunk = {
    type: "tool_call_chunk",
    index,
    args,
    ...(id !== undefined && { id }),
    ...(name !== undefined && { name }),
  };
  const message = new AIMessageChunk({ content: "", tool_call_chunks: [chunk] });
  return new ChatGenerationChunk({ text: "", message });
}
