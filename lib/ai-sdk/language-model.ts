import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3Content,
  LanguageModelV3FinishReason,
  LanguageModelV3GenerateResult,
  LanguageModelV3StreamPart,
  LanguageModelV3StreamResult,
  LanguageModelV3Usage,
  SharedV3Warning,
} from "@ai-sdk/provider";
import type { CodeLlama } from "../codellama.ts";
import type { Generation } from "../generation.ts";
import type { ChatOptions } from "../options/chat.ts";
import { takesTools } from "../prompt/template.ts";
import type { GenerationResult } from "../result.ts";
import {
  planTools,
  type Tool,
  type ToolChoice,
  type ToolPlan,
  withInstruction,
} from "../tool-calls.ts";
import { dialogOf } from "./prompt.ts";

/** A model that has begun to answer. */
interface Started {
  readonly generation: Generation;
  readonly tools: ToolPlan;
  readonly warnings: SharedV3Warning[];
}

/** Chats for the AI SDK's `generateText`, `streamText`, `generateObject` and `streamObject`. */
export class CodeLlamaLanguageModel implements LanguageModelV3 {
  readonly specificationVersion = "v3";
  readonly provider = "node-codellama";
  readonly modelId: string;
  readonly supportedUrls = {};
  readonly #llama: CodeLlama;

  constructor(llama: CodeLlama, modelId: string) {
    this.#llama = llama;
    this.modelId = modelId;
  }

  async doGenerate(options: LanguageModelV3CallOptions): Promise<LanguageModelV3GenerateResult> {
    const { generation, tools, warnings } = this.#start(options);
    const result = await generation;
    const calls = tools.read(result.text);
    const content: LanguageModelV3Content[] =
      calls === undefined
        ? [{ type: "text", text: result.text }]
        : calls.map(({ id, function: { name, arguments: input } }) => ({
            type: "tool-call",
            toolCallId: id,
            toolName: name,
            input,
          }));
    return {
      content,
      finishReason: finishReason(result, calls !== undefined),
      usage: usageOf(result),
      response: { modelId: this.modelId, timestamp: new Date() },
      warnings,
    };
  }

  async doStream(options: LanguageModelV3CallOptions): Promise<LanguageModelV3StreamResult> {
    const parts = this.#parts(this.#start(options));
    const stream = new ReadableStream<LanguageModelV3StreamPart>(
      {
        async pull(controller) {
          const { done, value } = await parts.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
        async cancel() {
          await parts.return(undefined);
        },
      },
      { highWaterMark: 0 },
    );
    return { stream };
  }

  #start(options: LanguageModelV3CallOptions): Started {
    const warnings: SharedV3Warning[] = [];
    const definitions = (options.tools ?? []).flatMap((tool): Tool[] => {
      if (tool.type === "provider") {
        warnings.push({ type: "unsupported", feature: `tool ${tool.name} of a provider` });
        return [];
      }
      const { name, description, inputSchema } = tool;
      return [{ type: "function", function: { name, description, parameters: inputSchema } }];
    });
    const canChoose = takesTools(this.#llama.model.chatTemplate);
    const tools = planTools(definitions, toolChoice(options), canChoose);
    const messages = withInstruction(dialogOf(options.prompt), tools.instruction);
    return { generation: this.#llama.chat(messages, chatOptions(options, tools)), tools, warnings };
  }

  async *#parts({
    generation,
    tools,
    warnings,
  }: Started): AsyncGenerator<LanguageModelV3StreamPart, void, undefined> {
    yield { type: "stream-start", warnings };
    yield { type: "response-metadata", modelId: this.modelId, timestamp: new Date() };
    try {
      // Whether an answer is a call shows at its end.
      const holdsBack = tools.forTemplate !== undefined || tools.jsonSchema !== undefined;
      const id = "text";
      if (!holdsBack) yield { type: "text-start", id };
      for await (const { text } of generation) {
        if (!holdsBack) yield { type: "text-delta", id, delta: text };
      }
      const result = await generation;
      const calls = tools.read(result.text);
      for (const { id: callId, function: called } of calls ?? []) {
        yield { type: "tool-input-start", id: callId, toolName: called.name };
        yield { type: "tool-input-delta", id: callId, delta: called.arguments };
        yield { type: "tool-input-end", id: callId };
        yield {
          type: "tool-call",
          toolCallId: callId,
          toolName: called.name,
          input: called.arguments,
        };
      }
      if (holdsBack && calls === undefined) {
        yield { type: "text-start", id };
        yield { type: "text-delta", id, delta: result.text };
      }
      if (calls === undefined) yield { type: "text-end", id };
      const reason = finishReason(result, calls !== undefined);
      yield { type: "finish", usage: usageOf(result), finishReason: reason };
    } catch (error) {
      yield { type: "error", error };
    } finally {
      generation.cancel();
    }
  }
}

function toolChoice({ toolChoice: choice }: LanguageModelV3CallOptions): ToolChoice {
  if (choice === undefined) return "auto";
  return choice.type === "tool"
    ? { type: "function", function: { name: choice.toolName } }
    : choice.type;
}

function chatOptions(options: LanguageModelV3CallOptions, tools: ToolPlan): ChatOptions {
  const { responseFormat: format } = options;
  const wanted = format?.type === "json" ? (format.schema ?? { type: "object" }) : undefined;
  const jsonSchema = tools.jsonSchema ?? wanted;
  return {
    ...given("maxTokens", options.maxOutputTokens),
    ...given("temperature", options.temperature),
    ...given("topP", options.topP),
    ...given("topK", options.topK),
    ...given("presencePenalty", options.presencePenalty),
    ...given("frequencyPenalty", options.frequencyPenalty),
    ...given("stop", options.stopSequences),
    ...given("seed", options.seed),
    ...given("signal", options.abortSignal),
    ...given("tools", tools.forTemplate),
    ...given("jsonSchema", jsonSchema),
  };
}

function given<Name extends string, Value>(name: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
}

function finishReason(
  { finishReason: raw }: GenerationResult,
  isCall: boolean,
): LanguageModelV3FinishReason {
  if (isCall) return { unified: "tool-calls", raw };
  if (raw === "stop" || raw === "length") return { unified: raw, raw };
  return { unified: raw === "abort" ? "other" : "length", raw };
}

function usageOf({ usage }: GenerationResult): LanguageModelV3Usage {
  const { promptTokens, cachedTokens, completionTokens } = usage;
  return {
    inputTokens: {
      total: promptTokens,
      noCache: promptTokens - cachedTokens,
      cacheRead: cachedTokens,
      cacheWrite: undefined,
    },
    outputTokens: { total: completionTokens, text: completionTokens, reasoning: undefined },
  };
}
