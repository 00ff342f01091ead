import type {
  LanguageModelV3,
  LanguageModelV3CallOptions,
  LanguageModelV3Content,
  LanguageModelV3GenerateResult,
  LanguageModelV3StreamPart,
  LanguageModelV3StreamResult,
  LanguageModelV3Usage,
  SharedV3Warning,
} from "@ai-sdk/provider";
import { readArgument } from "../../base/arguments.ts";
import type { CodeLlama } from "../../codellama.ts";
import type { Generation } from "../../generation.ts";
import type { ChatOptions } from "../../options/chat.ts";
import type { GenerationResult } from "../../result.ts";
import { AnswerStream } from "../../tools/answer-stream.ts";
import { planTools, supportsTools, type ToolPlan } from "../../tools/plan.ts";
import { dialogOf } from "./prompt.ts";
import { finishReason, StreamParts, toolCall } from "./stream-parts.ts";
import { toolChoiceOf, toolsOf } from "./tools.ts";

/** A started answer. */
interface Started {
  readonly generation: Generation;
  readonly tools: ToolPlan;
  readonly warnings: SharedV3Warning[];
}

/** Chat model for the AI SDK's `generateText`, `streamText`, `generateObject` and `streamObject`. */
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
    const parsed = tools.parseCalls(result.text);
    // A call that a limit cut short stays text.
    const isToolCall = parsed?.isComplete === true;
    const content: LanguageModelV3Content[] = isToolCall
      ? parsed.calls.map(toolCall)
      : [{ type: "text", text: result.text }];
    return {
      content,
      finishReason: finishReason(result.finishReason, isToolCall),
      usage: usageOf(result),
      response: { modelId: this.modelId, timestamp: new Date() },
      warnings,
    };
  }

  async doStream(options: LanguageModelV3CallOptions): Promise<LanguageModelV3StreamResult> {
    const started = this.#start(options);
    const parts = this.#parts(started);
    const stream = new ReadableStream<LanguageModelV3StreamPart>(
      {
        async pull(controller) {
          const { done, value } = await parts.next();
          if (done === true) controller.close();
          else controller.enqueue(value);
        },
        async cancel() {
          // The generator may wait for a chunk, or may not have started.
          started.generation.cancel();
          await parts.return(undefined);
        },
      },
      { highWaterMark: 0 },
    );
    return { stream };
  }

  #start(given: LanguageModelV3CallOptions): Started {
    const options = readArgument("options", () => ({ ...given }));
    const { definitions, warnings } = toolsOf(options.tools ?? []);
    const tools = planTools(
      definitions,
      toolChoiceOf(options.toolChoice),
      supportsTools(this.#llama),
    );
    const messages = tools.toDialog(dialogOf(options.prompt));
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
      const answer = new AnswerStream(tools);
      const parts = new StreamParts();
      for await (const chunk of generation) {
        for (const event of answer.push(chunk)) yield* parts.translate(event);
      }
      const result = await generation;
      for (const event of answer.finish(result)) {
        yield* parts.translate(event);
        if (event.type !== "finish") continue;
        const reason = finishReason(event.reason, event.isToolCall);
        yield { type: "finish", usage: usageOf(result), finishReason: reason };
      }
    } catch (error) {
      yield { type: "error", error };
    }
  }
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
    ...given("tools", tools.templateTools),
    ...given("jsonSchema", jsonSchema),
    // Programs parse the JSON, so its whitespace would only cost tokens.
    ...given("compact", jsonSchema === undefined ? undefined : true),
  };
}

function given<Name extends string, Value>(name: Name, value: Value | undefined) {
  return (value === undefined ? {} : { [name]: value }) as { [Key in Name]?: Value };
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
