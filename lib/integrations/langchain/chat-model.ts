import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import type {
  BaseLanguageModelInput,
  StructuredOutputMethodOptions,
} from "@langchain/core/language_models/base";
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BaseChatModelParams,
  type BindToolsInput,
} from "@langchain/core/language_models/chat_models";
import {
  assembleStructuredOutputPipeline,
  createContentParser,
  createFunctionCallingParser,
} from "@langchain/core/language_models/structured_output";
import type { AIMessageChunk, BaseMessage } from "@langchain/core/messages";
import type { ChatGenerationChunk, ChatResult } from "@langchain/core/outputs";
import { type Runnable, RunnableLambda } from "@langchain/core/runnables";
import type { SerializableSchema } from "@langchain/core/utils/standard_schema";
import type { InteropZodType } from "@langchain/core/utils/types";
import { invalidArgument, readArgument } from "../../base/arguments.ts";
import type { CodeLlama } from "../../codellama.ts";
import type { Generation } from "../../generation.ts";
import { type ChatOptions, chatTable } from "../../options/chat.ts";
import { requireModel } from "../../options/model.ts";
import { checkCall } from "../../options/request.ts";
import { AnswerStream } from "../../tools/answer-stream.ts";
import { planTools, supportsTools, type ToolPlan } from "../../tools/plan.ts";
import { checkParameters, ownOptions, requireOneAnswer } from "./call-options.ts";
import { chunksOf } from "./chunks.ts";
import { chatGenerations, lastChunk, tokenUsage } from "./generations.ts";
import { dialogOf } from "./messages.ts";
import { requireCall, structureMethod, structureTool } from "./structured-output.ts";
import { toolChoiceOf, toolsOf } from "./tools.ts";

/** Options of one call: the options of `CodeLlama.chat()` and LangChain's own. */
export interface ChatCodeLlamaCallOptions
  extends BaseChatModelCallOptions,
    Omit<ChatOptions, "signal" | "stop" | "tools"> {
  /** The options of `CodeLlama.chat()` in one object. Options next to it take precedence. */
  readonly chat?: ChatOptions;
  readonly tools?: readonly BindToolsInput[];
}

type Structure<Output extends Record<string, unknown>> =
  | SerializableSchema<Output>
  | InteropZodType<Output>
  | Record<string, unknown>;

/** Result with `includeRaw`. `parsed` is null when the answer could not be parsed. */
interface RawAndParsed<Output> {
  readonly raw: BaseMessage;
  readonly parsed: Output;
}

/**
 * Chat model for LangChain.js that runs a model loaded in this process. With `n`, each prompt gets `n`
 * generations and `invoke` returns the first. Calls reject with a CodeLlamaError `INVALID_ARGUMENT` for
 * invalid options and messages.
 */
export class ChatCodeLlama extends BaseChatModel<ChatCodeLlamaCallOptions> {
  readonly #llama: CodeLlama;
  readonly #options: ChatOptions;

  /**
   * @param options - defaults for every call; the options of a call take precedence
   * @throws CodeLlamaError `INVALID_ARGUMENT`
   */
  constructor(llama: CodeLlama, options: ChatOptions = {}, parameters: BaseChatModelParams = {}) {
    super(checkParameters(parameters, "new ChatCodeLlama()"));
    requireModel(llama, "new ChatCodeLlama()");
    this.#llama = llama;
    this.#options = checkCall(options, chatTable, "new ChatCodeLlama()");
  }

  static override lc_name(): string {
    return "ChatCodeLlama";
  }

  override _llmType(): string {
    return "node-codellama";
  }

  /**
   * Returns the model with tools to call. `tool_choice` `"any"` or a tool's name forces a call, with
   * any model. Otherwise the model chooses. Then calls reject with `CAPABILITY_MISSING` if the model's
   * chat template does not support tools.
   * @throws CodeLlamaError `INVALID_ARGUMENT` for a value that is not a tool
   */
  override bindTools(
    tools: BindToolsInput[],
    options: Partial<ChatCodeLlamaCallOptions> = {},
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, ChatCodeLlamaCallOptions> {
    const bound = readArgument("options", () => ({ ...options }));
    return this.withConfig({ tools: toolsOf(tools), ...bound });
  }

  /**
   * Returns the model with answers that follow a schema. A grammar enforces it. If a limit cuts an
   * answer short, the call rejects with an error of LangChain's parsers.
   * @param schema - a schema of zod or of another library with JSON schemas, or a JSON schema
   * @param config - `method`: `"functionCalling"`, the default, also shows the schema to the model;
   *   `"jsonSchema"` and `"jsonMode"` do not
   * @throws CodeLlamaError `INVALID_ARGUMENT` for another method
   */
  override withStructuredOutput<Output extends Record<string, unknown>>(
    schema: Structure<Output>,
    config?: StructuredOutputMethodOptions<false>,
  ): Runnable<BaseLanguageModelInput, Output>;
  override withStructuredOutput<Output extends Record<string, unknown>>(
    schema: Structure<Output>,
    config?: StructuredOutputMethodOptions<true>,
  ): Runnable<BaseLanguageModelInput, RawAndParsed<Output>>;
  override withStructuredOutput<Output extends Record<string, unknown>>(
    schema: Structure<Output>,
    config: StructuredOutputMethodOptions<boolean> = {},
  ):
    | Runnable<BaseLanguageModelInput, Output>
    | Runnable<BaseLanguageModelInput, RawAndParsed<Output>> {
    const { name, method, includeRaw = false } = readArgument("config", () => ({ ...config }));
    const tool = structureTool(schema, name);
    const { name: called, parameters } = tool.function;
    if (structureMethod(method) === "functionCalling") {
      const model = this.bindTools([tool], { tool_choice: called });
      const parser = RunnableLambda.from(requireCall).pipe(
        createFunctionCallingParser<Output>(schema, called),
      );
      return assembleStructuredOutputPipeline(model, parser, includeRaw, "StructuredOutput");
    }
    const model = this.withConfig({ jsonSchema: parameters ?? {} });
    const parser = createContentParser<Output>(schema);
    return assembleStructuredOutputPipeline(model, parser, includeRaw, "StructuredOutput");
  }

  override async _generate(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
  ): Promise<ChatResult> {
    const { generation, tools } = this.#start(messages, options);
    const result = await generation;
    return {
      generations: chatGenerations(result, tools),
      llmOutput: { tokenUsage: tokenUsage(result) },
    };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    requireOneAnswer(this.#optionsOf(options));
    const { generation, tools } = this.#start(messages, options);
    const none = undefined;
    for await (const chunk of answerChunks(generation, new AnswerStream(tools))) {
      yield chunk;
      await runManager?.handleLLMNewToken(chunk.text, none, none, none, none, { chunk });
    }
    yield lastChunk(await generation);
  }

  #start(
    messages: readonly BaseMessage[],
    call: this["ParsedCallOptions"],
  ): { readonly generation: Generation; readonly tools: ToolPlan } {
    const tools = planTools(
      toolsOf(call.tools ?? []),
      toolChoiceOf(call.tool_choice),
      supportsTools(this.#llama),
    );
    const { jsonSchema = tools.jsonSchema, compact, lenient, ...options } = this.#optionsOf(call);
    if (tools.jsonSchema !== undefined && jsonSchema !== tools.jsonSchema) {
      throw invalidArgument("jsonSchema cannot be combined with a required tool call");
    }
    const generation = this.#llama.chat(tools.toDialog(dialogOf(messages)), {
      ...options,
      ...(tools.templateTools !== undefined && { tools: tools.templateTools }),
      // Programs parse the JSON, so its whitespace would only cost tokens.
      ...(jsonSchema !== undefined && { jsonSchema, compact: compact ?? true }),
      ...(jsonSchema !== undefined && lenient !== undefined && { lenient }),
    });
    return { generation, tools };
  }

  #optionsOf(call: this["ParsedCallOptions"]): ChatOptions {
    const { chat, stop, signal } = call;
    const { chat: _, ...own } = ownOptions(call) as ChatCodeLlamaCallOptions;
    return {
      ...this.#options,
      ...chat,
      ...own,
      ...(stop !== undefined && { stop }),
      ...(signal !== undefined && { signal }),
    };
  }
}

async function* answerChunks(
  generation: Generation,
  answer: AnswerStream,
): AsyncGenerator<ChatGenerationChunk> {
  for await (const chunk of generation) yield* answer.push(chunk).flatMap(chunksOf);
  yield* answer.finish(await generation).flatMap(chunksOf);
}
