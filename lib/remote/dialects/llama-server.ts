import { types } from "node:util";
import { z } from "zod";
import type { EngineCall } from "../../engine/port.ts";
import type { FinishReason } from "../../native/binding.ts";
import { noTokenLimit } from "../../options/shared.ts";
import { listOf, tokenCount, tokenIds } from "../answer-schema.ts";
import { chatExchange } from "./chat-completions.ts";
import type { Dialect, RemoteChunk, RemoteExchange, RemoteFacts } from "./dialect.ts";
import { embeddingExchange, serverPooling } from "./embeddings.ts";
import { llamaFields } from "./llama-fields.ts";
import { type FieldWriters, optionFields, roomFor } from "./option-fields.ts";
import { structureWriter } from "./structure-writer.ts";

const writers: FieldWriters = {
  ...llamaFields,
  maxTokens: (value, call, facts) => ({
    n_predict: value === noTokenLimit ? -1 : Math.max(0, roomFor(value, call, facts)),
  }),
  logitBias: (pairs, { ignoreEos }, { ends }) => ({
    logit_bias: [
      ...pairs.map(([token, bias]) => biasEntry(token, bias)),
      ...(ignoreEos ? forbid(ends) : []),
    ],
  }),
  // llama-server's ignore_eos misses Code Llama's end tokens, so each of them gets a bias.
  ignoreEos: (value, { logitBias }, { ends }) => ({
    ignore_eos: value,
    ...(value && logitBias === undefined && { logit_bias: forbid(ends) }),
  }),
  embedding: serverPooling,
  logprobs: (count) => ({ n_probs: Math.max(1, count) }),
};

/** `false` forbids the token. */
function biasEntry(token: number, bias: number): [number, number | false] {
  return [token, bias === Number.NEGATIVE_INFINITY ? false : bias];
}

function forbid(tokens: readonly number[]): [number, false][] {
  return tokens.map((token) => [token, false]);
}

// The order of Meta's reference, which this package uses too.
const samplers = [
  "penalties",
  "dry",
  "temperature",
  "top_k",
  "typ_p",
  "top_p",
  "min_p",
  "xtc",
] as const;

const scored = z.object({ id: tokenCount, token: z.string(), logprob: z.number().nullable() });

const eventSchema = z.object({
  content: z.string(),
  tokens: tokenIds.nullish(),
  stop: z.boolean().nullish(),
  stop_type: z.string().nullish(),
  stopping_word: z.string().nullish(),
  tokens_predicted: tokenCount.nullish(),
  tokens_evaluated: tokenCount.nullish(),
  timings: z
    .object({
      cache_n: tokenCount.nullish(),
      draft_n: tokenCount.nullish(),
      draft_n_accepted: tokenCount.nullish(),
    })
    .nullish(),
  completion_probabilities: listOf(scored.extend({ top_logprobs: listOf(scored) })).nullish(),
});

const stopTypes: ReadonlyMap<string, FinishReason> = new Map([
  ["eos", "stop"],
  ["word", "stop"],
  ["limit", "length"],
]);

/** llama.cpp's own server. Its `/completion` route takes and returns tokens. */
export const llamaServer: Dialect = {
  kind: "llama-server",
  name: "llama-server",
  takesTokens: true,
  healsTokens: false,
  fillsHoles: false,
  exchange(call, facts) {
    if (!types.isInt32Array(call.prompt) && "messages" in call.prompt) {
      const chatFields: FieldWriters = {
        ...writers,
        logprobs: undefined,
        structure: structureWriter({
          gbnf: ({ text }) => ({ grammar: text }),
          jsonSchema: ({ text }) => ({
            response_format: { type: "json_object", schema: JSON.parse(text) },
          }),
        }),
      };
      return chatExchange(call.prompt, optionFields(call, chatFields, facts, this.name), facts);
    }
    const fields = optionFields(call, writers, facts, this.name);
    if (call.embedding !== undefined) return embeddingExchange(call, fields, facts);
    return completion(call, facts, fields);
  },
};

function completion(call: EngineCall, facts: RemoteFacts, fields: object): RemoteExchange {
  const { prompt } = call;
  const isText = !types.isInt32Array(prompt);
  return {
    path: "/completion",
    streams: true,
    body: {
      prompt: isText ? ("text" in prompt ? prompt.text : "") : [...prompt],
      stream: true,
      return_tokens: true,
      cache_prompt: true,
      samplers,
      ...fields,
    },
    read: (event) => readEvent(event, call, facts),
  };
}

function readEvent(
  event: unknown,
  { logprobs, ignoreEos }: EngineCall,
  { ends }: RemoteFacts,
): RemoteChunk | undefined {
  const { success, data } = eventSchema.safeParse(event);
  if (!success) return undefined;
  const tokens = data.tokens ?? [];
  const probabilities = data.completion_probabilities?.map(
    ({ id, token, logprob, top_logprobs }) => ({
      token: id,
      text: token,
      logprob: logprob ?? Number.NEGATIVE_INFINITY,
      top: top_logprobs
        .slice(0, logprobs)
        .map((each) => ({ token: each.id, text: each.token, logprob: each.logprob ?? -Infinity })),
    }),
  );
  // llama-server expects another spelling of Code Llama's <EOT> and would not stop at it.
  const end = ignoreEos === true ? -1 : tokens.findIndex((token) => ends.includes(token));
  if (end >= 0) {
    return {
      text: end === 0 ? "" : data.content,
      tokens: tokens.slice(0, end),
      finish: { reason: "stop", stopString: "" },
      isLast: true,
    };
  }
  return {
    text: data.content,
    tokens,
    logprobs: logprobs === undefined ? undefined : probabilities,
    ...(data.stop === true && {
      isLast: true,
      finish: {
        reason: stopTypes.get(data.stop_type ?? "") ?? "stop",
        stopString: data.stop_type === "word" ? (data.stopping_word ?? "") : "",
      },
      usage: {
        promptTokens: data.tokens_evaluated ?? 0,
        cachedTokens: data.timings?.cache_n ?? 0,
        completionTokens: data.tokens_predicted ?? 0,
        draftTokens: data.timings?.draft_n ?? 0,
        acceptedTokens: data.timings?.draft_n_accepted ?? 0,
      },
    }),
  };
}
