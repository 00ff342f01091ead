import { types } from "node:util";
import type { EngineCall } from "../../engine/port.ts";
import { noTokenLimit } from "../../options/shared.ts";
import type { JsonStructure } from "../../options/structure.ts";
import { chatExchange } from "./chat-completions.ts";
import { completionExchange } from "./completions.ts";
import type { Dialect, RemoteFacts } from "./dialect.ts";
import { embeddingExchange, serverPooling } from "./embeddings.ts";
import { llamaFields } from "./llama-fields.ts";
import { type FieldWriters, named, openaiBias, optionFields, roomFor } from "./option-fields.ts";
import { ownJsonFields } from "./own-json.ts";
import {
  plainRegex,
  responseFormat,
  sourceWithFlags,
  structureWriter,
} from "./structure-writer.ts";

/** A server with OpenAI's routes. */
interface OpenAiServer extends Omit<Dialect, "exchange"> {
  readonly fields: FieldWriters;
  /** Replacements for chat requests. */
  readonly chatFields?: FieldWriters;
  /** Further fields of completion requests. */
  extras?(call: EngineCall, facts: RemoteFacts): object;
}

function dialect({ fields: writers, chatFields, extras, ...server }: OpenAiServer): Dialect {
  return {
    ...server,
    exchange(call, facts) {
      const { prompt } = call;
      const isDialog = !types.isInt32Array(prompt) && "messages" in prompt;
      const chosen = isDialog ? { ...writers, ...withoutLogprobs, ...chatFields } : writers;
      const fields = optionFields(call, chosen, facts, server.name);
      if (isDialog) return chatExchange(prompt, fields, facts);
      if (call.embedding !== undefined) return embeddingExchange(call, fields, facts);
      return completionExchange(call, { ...fields, ...extras?.(call, facts) }, facts);
    },
  };
}

// Our log-probabilities contain token ids, and answers of chat routes do not.
const withoutLogprobs: FieldWriters = { logprobs: undefined, promptLogprobs: undefined };

const common: FieldWriters = {
  temperature: named("temperature"),
  topP: named("top_p"),
  frequencyPenalty: named("frequency_penalty"),
  presencePenalty: named("presence_penalty"),
  seed: named("seed"),
  stop: (texts) => ({ stop: [...texts] }),
  logitBias: openaiBias,
  embedding: serverPooling,
};

const jsonFormat = structureWriter({ jsonSchema: responseFormat });

// Fields of vLLM and node-codellama that name tokens by their ids.
const logprobsById: FieldWriters = {
  logprobs: (count) => ({ logprobs: count, return_tokens_as_token_ids: true }),
  promptLogprobs: (wanted, { maxTokens, logprobs }) => {
    if (!wanted) return {};
    // The answer does not say where the echoed prompt ends and the new text starts.
    if (maxTokens > 0) return undefined;
    return { echo: true, logprobs: logprobs ?? 0, return_tokens_as_token_ids: true };
  },
};

const ownStructure = (schemaField: (structure: JsonStructure) => object) =>
  structureWriter(
    {
      gbnf: ({ text }) => ({ grammar: text }),
      jsonSchema: (schema) => ({ ...schemaField(schema), ...ownJsonFields(schema) }),
      regex: (regex) => ({ regex: sourceWithFlags(regex) }),
    },
    { isOwn: true },
  );

const nodeCodeLlama = dialect({
  kind: "node-codellama",
  name: "node-codellama",
  takesTokens: true,
  healsTokens: true,
  fillsHoles: true,
  fields: {
    ...common,
    ...llamaFields,
    ...logprobsById,
    maxTokens: (value) => ({ max_tokens: value }),
    structure: ownStructure(({ text }) => ({ json_schema: JSON.parse(text) })),
    priority: named("priority"),
    ignoreEos: named("ignore_eos"),
    tokenHealing: named("token_healing"),
    stopTokens: (ids) => ({ stop_token_ids: [...ids] }),
  },
  chatFields: {
    structure: ownStructure((schema) => responseFormat(schema)),
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
  fields: {
    ...common,
    ...logprobsById,
    // An absent limit means 16 tokens. `null` means no limit.
    maxTokens: (value, call, facts) => {
      const room = roomFor(value, call, facts);
      return { max_tokens: room < noTokenLimit ? room : null };
    },
    topK: (value) => ({ top_k: value === 0 ? -1 : value }),
    minP: named("min_p"),
    repeatPenalty: named("repetition_penalty"),
    ignoreEos: named("ignore_eos"),
    structure: structureWriter({
      jsonSchema: responseFormat,
      regex: plainRegex((regex) => ({ structured_outputs: { regex } })),
    }),
    stopTokens: (ids) => ({ stop_token_ids: [...ids] }),
  },
  chatFields: {
    maxTokens: (value) => ({ max_tokens: value === noTokenLimit ? null : value }),
  },
  extras: ({ ignoreEos, stopTokens = [] }, { ends }) => ({
    return_token_ids: true,
    // vLLM does not stop at Code Llama's <EOT> by itself.
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
  fields: {
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
  chatFields: {
    structure: structureWriter({
      jsonSchema: responseFormat,
      regex: plainRegex((source) => ({
        response_format: { type: "regex_schema", regex_schema: source },
      })),
    }),
  },
});

const tgi = dialect({
  kind: "tgi",
  name: "TGI",
  takesTokens: false,
  healsTokens: false,
  fillsHoles: false,
  fields: {
    maxTokens: (value) => ({ max_tokens: value === noTokenLimit ? null : value }),
    temperature: named("temperature"),
    // TGI rejects 1, which means off.
    topP: (value) => (value === 1 ? {} : { top_p: value }),
    repeatPenalty: named("repetition_penalty"),
    frequencyPenalty: named("frequency_penalty"),
    seed: named("seed"),
    embedding: serverPooling,
  },
  chatFields: {
    structure: structureWriter({
      regex: plainRegex((value) => ({ response_format: { type: "regex", value } })),
    }),
  },
});

const openai = dialect({
  kind: "openai",
  name: "this server",
  takesTokens: true,
  healsTokens: false,
  fillsHoles: false,
  fields: {
    ...common,
    maxTokens: (value) => (value === noTokenLimit ? undefined : { max_tokens: value }),
  },
  chatFields: {
    maxTokens: (value) => (value === noTokenLimit ? {} : { max_tokens: value }),
    structure: jsonFormat,
  },
});

export const openAiDialects = [nodeCodeLlama, vllm, lmdeploy, tgi, openai];
