import {
  AIMessage,
  AIMessageChunk,
  type StandardMessageStructure,
  type UsageMetadata,
} from "@langchain/core/messages";
import { type ChatGeneration, ChatGenerationChunk } from "@langchain/core/outputs";
import type { Answer, GenerationResult } from "../result.ts";
import type { ToolPlan } from "../tool-calls.ts";

/** Answers as LangChain has them, each a message with its calls or its text. */
export function chatGenerations(result: GenerationResult, tools: ToolPlan): ChatGeneration[] {
  return (result.choices ?? [result]).map((answer) => {
    const calls = tools.read(answer.text);
    const text = calls === undefined ? answer.text : "";
    const message = new AIMessage<StandardMessageStructure>({
      content: text,
      usage_metadata: usageOf(answer),
      tool_calls: (calls ?? []).map(({ id, function: { name, arguments: json } }) => ({
        type: "tool_call",
        id,
        name,
        args: JSON.parse(json),
      })),
    });
    return { text, message, generationInfo: { finishReason: answer.finishReason } };
  });
}

export function textChunk(text: string): ChatGenerationChunk {
  return new ChatGenerationChunk({ text, message: new AIMessageChunk({ content: text }) });
}

/** An answer that was held back until its end, for it may be a call. */
export function heldChunk(answer: Answer, tools: ToolPlan): ChatGenerationChunk {
  const calls = tools.read(answer.text);
  if (calls === undefined) return textChunk(answer.text);
  const message = new AIMessageChunk({
    content: "",
    tool_call_chunks: calls.map(({ id, function: { name, arguments: args } }, index) => ({
      type: "tool_call_chunk",
      index,
      id,
      name,
      args,
    })),
  });
  return new ChatGenerationChunk({ text: "", message });
}

/** The end of a stream: why, and what it took. */
export function lastChunk(answer: Answer): ChatGenerationChunk {
  const message = new AIMessageChunk<StandardMessageStructure>({
    content: "",
    usage_metadata: usageOf(answer),
  });
  const { finishReason } = answer;
  return new ChatGenerationChunk({ text: "", message, generationInfo: { finishReason } });
}

/** Tokens of a prompt and all answers to it, in LangChain's names: the prompt counts once. */
export function tokenUsage(result: GenerationResult): object {
  const { promptTokens } = result.usage;
  const answers = result.choices ?? [result];
  const completionTokens = answers.reduce((sum, { usage }) => sum + usage.completionTokens, 0);
  return { promptTokens, completionTokens, totalTokens: promptTokens + completionTokens };
}

function usageOf({ usage }: Answer): UsageMetadata {
  const { promptTokens, completionTokens, cachedTokens } = usage;
  return {
    input_tokens: promptTokens,
    output_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    input_token_details: { cache_read: cachedTokens },
  };
}
