import { types } from "node:util";
import type { EngineCall } from "../../generation.ts";
import { noTokenLimit } from "../../options/generate.ts";
import { chatExchange } from "./chat-completions.ts";
import { completionExchange } from "./completions.ts";
import type { Dialect, RemoteFacts } from "./dialect.ts";
import { embeddingExchange, serverPooling } from "./embeddings.ts";
import { llamaWords } from "./llama-words.ts";
import { named, type OptionWords, openaiBias, optionFields, roomFor } from "./option-words.ts";

/** A server with OpenAI's routes. */
interface OpenAiServer extends Omit<Dialect, "exchange"> {
  readonly words: OptionWords;
  /** Of dialogs that it lays out itself, where they differ. */
  readonly chatWords?: OptionWords;
  /** Fields of completions that no option asks for. */
  extras?(call: EngineCall, facts: RemoteFacts): object;
}

function dialect({ words, chatWords, extras, ...server }: OpenAiServer): Dialect {
  return {
    ...server,
    exchange(call, facts) {
      const { prompt } = call;
      const isDialog = !types.isInt32Array(prompt) && "messages" in prompt;
      const spoken = isDialog ? { ...words, ...withoutScores, ...chatWords } : words;
      const fields = optionFields(call, spoken, facts, server.name);
      if (isDialog) return chatExchange(prompt, fields, facts);
      if (call.embedding !== undefined) return embeddingExchange(call, fields, facts);
      return completionExchange(call, { ...fields, ...extras?.(call, facts) }, facts);
    },
  };
}

// Ids of tokens, which logprobs here have, are not told in answers to dialogs.
const withoutScores: OptionWords = { logprobs: undefined, promptLogprobs: undefined };

const common: OptionWords = {
  temperature: named("temperature"),
  topP: named("top_p"),
  frequencyPenalty: named("frequency_penalty"),
  presencePenalty: named("presence_penalty"),
  seed: named("seed"),
  stop: (texts) => ({ stop: [...texts] }),
  logitBias: openaiBias,
  embedding: serverPooling,
};

const jsonFormat: OptionWords["structure"] = ({ text, isJsonSchema }) =>
  isJsonSchema
    ? {
        response_format: {
          type: "json_schema",
          json_schema: { name: "answer", schema: JSON.parse(text), strict: true },
        },
      }
    : undefined;

// Tokens by their ids, in answers and in logprobs: vLLM's words, which our server knows too.
const scoresById: OptionWords = {
  logprobs: (count) => ({ logprobs: count, return_tokens_as_token_ids: true }),
  promptLogprobs: (wanted, { maxTokens, logprobs }) => {
    if (!wanted) return {};
    // Where the prompt ends in an echo of both is not told.
    if (maxTokens > 0) return undefined;
    return { echo: true, logprobs: logprobs ?? 0, return_tokens_as_token_ids: true };
  },
};

const nodeCodeLlama = dialect({
  kind: "node-codellama",
  name: "node-codellama",
  takesTokens: true,
  healsTokens: true,
  fillsHoles: true,
  words: {
    ...common,
    ...llamaWords,
    ...scoresById,
    maxTokens: (value) => ({ max_tokens: value }),
    priority: named("priority"),
    ignoreEos: named("ignore_eos"),
    tokenHealing: named("token_healing"),
    stopTokens: (ids) => ({ stop_token_ids: [...ids] }),
  },
  chatWords: {
    structure: (value, call, facts) =>
      value.isJsonSchema ? jsonFormat?.(value, call, facts) : { grammar: value.text },
  },
  extras: ({ prompt }) => ({
    return_token_ids: true,
    ...("text" in prompt && { raw: prompt.special }),
  }),
});

const vllm = dialect({
  kind: "vllm",
  name: "vLLM",
  takesTokens: true,
  healsTokens: false,
  fillsHoles: false,
  words: {
    ...common,
    ...scoresById,
    // Without a limit that is `null`, it would be 16.
    maxTokens: (value, call, facts) => {
      const room = roomFor(value, call, facts);
      return { max_tokens: room < noTokenLimit ? room : null };
    },
    topK: (value) => ({ top_k: value === 0 ? -1 : value }),
    minP: named("min_p"),
    repeatPenalty: named("repetition_penalty"),
    ignoreEos: named("ignore_eos"),
    structure: jsonFormat,
    stopTokens: (ids) => ({ stop_token_ids: [...ids] }),
  },
  chatWords: {
    maxTokens: (value) => ({ max_tokens: value === noTokenLimit ? null : value }),
  },
  extras: ({ ignoreEos, stopTokens = [] }, { ends }) => ({
    return_token_ids: true,
    // Code Llama's <EOT> is no end to it.
    ...(ends.length > 0 &&
      ignoreEos !== true && { stop_token_ids: [...new Set([...ends, ...stopTokens])] }),
  }),
});

const lmdeploy = dialect({
  kind: "lmdeploy",
  name: "LMDeploy",
  takesTokens: false,
  healsTokens: false,
  fillsHoles: false,
  words: {
    maxTokens: (value) => ({ max_tokens: value === noTokenLimit ? null : value }),
    temperature: named("temperature"),
    topP: named("top_p"),
    topK: named("top_k"),
    minP: named("min_p"),
    repeatPenalty: named("repetition_penalty"),
    seed: named("seed"),
    stop: (texts) => ({ stop: [...texts] }),
    ignoreEos: named("ignore_eos"),
  },
  chatWords: { structure: jsonFormat },
});

const tgi = dialect({
  kind: "tgi",
  name: "TGI",
  takesTokens: false,
  healsTokens: false,
  fillsHoles: false,
  words: {
    maxTokens: (value) => ({ max_tokens: value === noTokenLimit ? null : value }),
    temperature: named("temperature"),
    // It refuses 1, which is none.
    topP: (value) => (value === 1 ? {} : { top_p: value }),
    repeatPenalty: named("repetition_penalty"),
    frequencyPenalty: named("frequency_penalty"),
    seed: named("seed"),
    embedding: serverPooling,
  },
});

const openai = dialect({
  kind: "openai",
  name: "this server",
  takesTokens: true,
  healsTokens: false,
  fillsHoles: false,
  words: {
    ...common,
    maxTokens: (value) => (value === noTokenLimit ? undefined : { max_tokens: value }),
  },
  chatWords: {
    maxTokens: (value) => (value === noTokenLimit ? {} : { max_tokens: value }),
    structure: jsonFormat,
  },
});

export const openAiDialects = [nodeCodeLlama, vllm, lmdeploy, tgi, openai];
