import { types } from "node:util";
import { z } from "zod";
import type { EngineCall } from "../../engine/port.ts";
import { promptLength } from "../../engine/port.ts";
import { CodeLlamaError } from "../../errors.ts";
import type { NativeTokenLogprobs } from "../../native/binding.ts";
import { droppedKeywordsSchema, listOf, numbersByName, tokenIds } from "../answer-schema.ts";
import { usualAnswer } from "../http-client.ts";
import type { RemoteChunk, RemoteExchange, RemoteFacts, Spelling } from "./dialect.ts";
import { readFinishReason, readUsage, usageSchema } from "./usage.ts";

const logprobsSchema = z.object({
  tokens: listOf(z.string()),
  token_logprobs: listOf(z.number().nullable()),
  top_logprobs: listOf(numbersByName.nullable()).nullish(),
});

const eventSchema = z.object({
  choices: listOf(
    z.object({
      text: z.string().nullish(),
      token_ids: tokenIds.nullish(),
      logprobs: logprobsSchema.nullish(),
      finish_reason: z.string().nullish(),
      /** vLLM and node-codellama: the stop string, or the id of the token that ended the answer. */
      stop_reason: z.union([z.string(), z.int()]).nullish(),
      dropped_keywords: droppedKeywordsSchema.nullish(),
    }),
  ),
  usage: usageSchema.nullish(),
});

// Upper bound for one log-probability in an answer: name, number and offset of a token.
const bytesOfLogprob = 128;

/** Sends a prompt to `POST /v1/completions`. */
export function completionExchange(
  call: EngineCall,
  fields: object,
  facts: RemoteFacts,
): RemoteExchange {
  const { prompt, logprobs, promptLogprobs } = call;
  if ((logprobs !== undefined || promptLogprobs === true) && facts.spell === undefined) {
    throw new CodeLlamaError(
      "CAPABILITY_MISSING",
      "logprobs needs the remote model's vocabulary; pass its GGUF file to connect() as tokenizer",
    );
  }
  return {
    path: "/v1/completions",
    // The log-probabilities of an echoed prompt come in one piece.
    streams: promptLogprobs !== true,
    longestAnswer: usualAnswer + promptLength(prompt) * ((logprobs ?? 0) + 2) * bytesOfLogprob,
    body: {
      model: facts.modelId,
      ...promptFields(prompt),
      ...(promptLogprobs !== true && { stream: true, stream_options: { include_usage: true } }),
      ...fields,
    },
    read: (event) => readEvent(event, call, facts),
  };
}

function promptFields(prompt: EngineCall["prompt"]): object {
  if (types.isInt32Array(prompt)) return { prompt: [...prompt] };
  if ("text" in prompt) return { prompt: prompt.text };
  if ("prefix" in prompt) return { prompt: prompt.prefix, suffix: prompt.suffix };
  throw new RangeError("a dialog cannot be sent as a completion");
}

function readEvent(
  event: unknown,
  { logprobs, promptLogprobs, prompt, stop }: EngineCall,
  { spell, ends, vocabularySize }: RemoteFacts,
): RemoteChunk | undefined {
  const { success, data } = eventSchema.safeParse(event);
  if (!success) return undefined;
  const [choice] = data.choices;
  const reason = choice?.finish_reason;
  const stopped = choice?.stop_reason;
  const scored =
    choice?.logprobs == null || spell === undefined
      ? undefined
      : readLogprobs(choice.logprobs, logprobs ?? 0, spell, vocabularySize);
  if (scored === null) return undefined;
  const ofPrompt = promptLogprobs === true && types.isInt32Array(prompt) ? prompt.length : 0;
  return {
    // An echoed prompt is not part of the answer.
    text: promptLogprobs === true ? "" : (choice?.text ?? ""),
    tokens: (choice?.token_ids ?? []).filter((token) => !ends.includes(token)),
    // The first token of the prompt has no log-probability.
    promptLogprobs: ofPrompt > 0 ? scored?.slice(1, ofPrompt) : undefined,
    logprobs: logprobs === undefined ? undefined : scored?.slice(ofPrompt),
    finish:
      reason == null
        ? undefined
        : {
            reason: readFinishReason(reason),
            stopString: typeof stopped === "string" && stop?.includes(stopped) ? stopped : "",
            droppedKeywords: choice?.dropped_keywords ?? undefined,
          },
    usage: readUsage(data.usage),
  };
}

/**
 * Reads log-probabilities of tokens that are named by their ids, such as `token_id:42`. Null if a
 * name has another form or the id is outside the vocabulary.
 */
function readLogprobs(
  { tokens, token_logprobs, top_logprobs }: z.output<typeof logprobsSchema>,
  count: number,
  spell: (token: number) => Spelling,
  vocabularySize: number,
): NativeTokenLogprobs[] | null {
  const idOf = (name: string) => {
    // Some servers leave the name of the prompt's first token empty. It has no log-probability.
    const digits = name === "" ? "0" : name.replace(/^token_id:/, "");
    return /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
  };
  const names = [...tokens, ...(top_logprobs ?? []).flatMap((top) => Object.keys(top ?? {}))];
  if (!names.every((name) => idOf(name) < vocabularySize)) return null;
  const entry = (name: string, logprob: number) => {
    const token = idOf(name);
    return { token, ...spell(token), logprob };
  };
  return tokens.map((name, index) => {
    const top = Object.entries(top_logprobs?.[index] ?? {})
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, count)
      .map(([each, logprob]) => entry(each, logprob));
    return { ...entry(name, token_logprobs[index] ?? Number.NEGATIVE_INFINITY), top };
  });
}
