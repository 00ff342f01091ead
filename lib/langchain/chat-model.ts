import type { CallbackManagerForLLMRun } from "@langchain/core/callbacks/manager";
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BaseChatModelParams,
} from "@langchain/core/language_models/chat_models";
import {
  AIMessage,
  AIMessageChunk,
  type BaseMessage,
  type StandardMessageStructure,
  type UsageMetadata,
} from "@langchain/core/messages";
import { ChatGenerationChunk, type ChatResult } from "@langchain/core/outputs";
import type { CodeLlama } from "../codellama.ts";
import type { ChatOptions } from "../options/chat.ts";
import { invalidArgument } from "../options/check.ts";
import type { ChatMessage } from "../prompt/dialog.ts";
import type { GenerationResult } from "../result.ts";

/** Options of one call: those of `CodeLlama.chat()` beside LangChain's. */
export interface ChatCodeLlamaCallOptions extends BaseChatModelCallOptions {
  readonly chat?: ChatOptions;
}

/** A chat model for LangChain.js, by a loaded model, in this process. */
export class ChatCodeLlama extends BaseChatModel<ChatCodeLlamaCallOptions> {
  readonly #llama: CodeLlama;
  readonly #options: ChatOptions;

  /** @param options - of every call; those of a call go first */
  constructor(llama: CodeLlama, options: ChatOptions = {}, parameters: BaseChatModelParams = {}) {
    super(parameters);
    this.#llama = llama;
    this.#options = options;
  }

  static override lc_name(): string {
    return "ChatCodeLlama";
  }

  override _llmType(): string {
    return "node-codellama";
  }

  override async _generate(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
  ): Promise<ChatResult> {
    const result = await this.#llama.chat(messages.map(toMessage), this.#optionsOf(options));
    const { text, finishReason } = result;
    const message = new AIMessage<StandardMessageStructure>({
      content: text,
      usage_metadata: usageOf(result),
    });
    return {
      generations: [{ text, message, generationInfo: { finishReason } }],
      llmOutput: { tokenUsage: usageOf(result) },
    };
  }

  override async *_streamResponseChunks(
    messages: BaseMessage[],
    options: this["ParsedCallOptions"],
    runManager?: CallbackManagerForLLMRun,
  ): AsyncGenerator<ChatGenerationChunk> {
    const generation = this.#llama.chat(messages.map(toMessage), this.#optionsOf(options));
    for await (const { text } of generation) {
      yield new ChatGenerationChunk({ text, message: new AIMessageChunk({ content: text }) });
      await runManager?.handleLLMNewToken(text);
    }
    const result = await generation;
    const message = new AIMessageChunk<StandardMessageStructure>({
      content: "",
      usage_metadata: usageOf(result),
    });
    const { finishReason } = result;
    yield new ChatGenerationChunk({ text: "", message, generationInfo: { finishReason } });
  }

  #optionsOf({ chat, stop, signal }: this["ParsedCallOptions"]): ChatOptions {
    return {
      ...this.#options,
      ...chat,
      ...(stop !== undefined && { stop }),
      ...(signal !== undefined && { signal }),
    };
  }
}

const roles: Readonly<Record<string, ChatMessage["role"]>> = {
  system: "system",
  human: "user",
  ai: "assistant",
  tool: "tool",
};

/** @throws CodeLlamaError `INVALID_ARGUMENT` for messages that are no text */
function toMessage(message: BaseMessage): ChatMessage {
  const role = roles[message.getType()];
  if (role === undefined) {
    throw invalidArgument(`messages of type ${message.getType()} cannot be taken`);
  }
  return { role, content: message.text };
}

function usageOf({ usage }: GenerationResult): UsageMetadata {
  const { promptTokens, completionTokens, cachedTokens } = usage;
  return {
    input_tokens: promptTokens,
    output_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    input_token_details: { cache_read: cachedTokens },
  };
}
