import {
  AIMessage,
  AIMessageChunk,
  type StandardMessageStructure,
  type UsageMetadata,
} from "@langchain/core/messages";
import { type ChatGeneration, ChatGenerationChunk } from "@langchain/core/outputs";
import type { Answer, GenerationResult } from "../../result.ts";
import type { ParsedCalls } from "../../tools/parse-calls.ts";
import type { ToolPlan } from "../../tools/plan.ts";

/** Converts answers to LangChain's generations. Each has a message with tool calls or text. */
export function chatGenerations(result: GenerationResult, tools: ToolPlan): ChatGeneration[] {
  return (result.choices ?? [result]).map((answer) => {
    const parsed = tools.parseCalls(answer.text);
    const text = parsed === undefined ? answer.text : "";
    const message = new AIMessage<StandardMessageStructure>({
      content: text,
      usage_metadata: usageOf(answer),
      ...(parsed !== undefined && callsOf(parsed)),
    });
    return { text, message, generationInfo: { finishReason: answer.finishReason } };
  });
}

/** Tool calls in LangChain's format. A call that a limit cut short is invalid: its JSON does not parse. */
function callsOf({ calls, isComplete }: ParsedCalls) {
  if (isComplete) {
    const whole = calls.map(({ id, function: { name, arguments: json } }) => ({
      type: "tool_call" as const,
      id,
      name,
      args: JSON.parse(json),
    }));
    return { tool_calls: whole };
  }
  const cut = calls.map(({ id, function: { name, arguments: args } }) => ({
    type: "invalid_tool_call" as const,
    id,
    name,
    args,
    error: "the answer ended before the call was complete",
  }));
  return { tool_calls: [], invalid_tool_calls: cut };
}

/** Last chunk of a stream, with the finish reason and the usage. */
export function lastChunk(answer: Answer): ChatGenerationChunk {
  const message = new AIMessageChunk<StandardMessageStructure>({
    content: "",
    usage_metadata: usageOf(answer),
  });
  const { finishReason } = answer;
  return new ChatGenerationChunk({ text: "", message, generationInfo: { finishReason } });
}

/** Token usage of all answers to a prompt, with LangChain's names. The prompt counts once. */
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
