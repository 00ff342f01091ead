import { AIMessageChunk, type ToolCallChunk } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import type { AnswerEvent } from "../../tools/answer-stream.ts";
import type { ToolCallDelta } from "../../tools/call-stream.ts";

/** One event of an answer as LangChain's chunks. The end of a call and the finish have no chunk. */
export function chunksOf(event: AnswerEvent): readonly ChatGenerationChunk[] {
  if (event.type === "text") return [textChunk(event.text)];
  return event.type === "call" ? [callChunk(event.delta)] : [];
}

function textChunk(text: string): ChatGenerationChunk {
  return new ChatGenerationChunk({ text, message: new AIMessageChunk({ content: text }) });
}

function callChunk({ index, id, function: called }: ToolCallDelta): ChatGenerationChunk {
  const chunk: ToolCallChunk = {
    type: "tool_call_chunk",
    index,
    args: called.arguments,
    ...(id !== undefined && { id }),
    ...(called.name !== undefined && { name: called.name }),
  };
  const message = new AIMessageChunk({ content: "", tool_call_chunks: [chunk] });
  return new ChatGenerationChunk({ text: "", message });
}
