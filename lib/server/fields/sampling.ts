import { z } from "zod";
import type { CodeLlama } from "../../codellama.ts";
import type { GenerateOptions } from "../../options/generate.ts";
import { noTokenLimit } from "../../options/shared.ts";
import { HttpError } from "../http/http-error.ts";
import { checkTokens, tokenSchema } from "./token-ids.ts";

/** -1 and null are no limit. */
const maxTokens = z
  .int()
  .min(-1)
  .max(2 ** 32 - 1);

const lookBack = z
  .int()
  .min(-1)
  .max(2 ** 31 - 1);

const biasOfToken = z.number().min(-100).max(100);

/** From -100, which forbids a token, to 100: as OpenAI's API has it, or as llama.cpp's list. */
const logitBiasSchema = z.union([
  z.record(z.string().regex(/^\d+$/, { error: "must be the id of a token" }), biasOfToken),
  z.array(z.tuple([tokenSchema, z.union([biasOfToken, z.literal(false)])])),
]);

/** How to sample, in the names of OpenAI's API and, where that has none, of llama.cpp's. */
export const samplingFields = {
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z
    .int()
    .min(-1)
    .max(2 ** 31 - 1)
    .nullish(),
  min_p: z.number().min(0).max(1).nullish(),
  typical_p: z.number().min(0).max(1).nullish(),
  repeat_penalty: z.number().min(0.01).max(100).nullish(),
  /** -1 is the whole context. */
  repeat_last_n: lookBack.nullish(),
  dry_multiplier: z.number().min(0).max(100).nullish(),
  dry_base: z.number().min(1).max(10).nullish(),
  dry_allowed_length: z.int().min(0).max(1000).nullish(),
  /** -1 is the whole context. */
  dry_penalty_last_n: lookBack.nullish(),
  dry_sequence_breakers: z.array(z.string().min(1)).max(64).nullish(),
  xtc_probability: z.number().min(0).max(1).nullish(),
  xtc_threshold: z.number().min(0).max(1).nullish(),
  /** 0 is off. */
  mirostat: z.int().min(0).max(2).nullish(),
  mirostat_tau: z.number().min(0).max(100).nullish(),
  mirostat_eta: z.number().min(0).max(1).nullish(),
  frequency_penalty: z.number().min(-100).max(100).nullish(),
  presence_penalty: z.number().min(-100).max(100).nullish(),
  /** -1 is a random one. */
  seed: z.int().nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(64)]).nullish(),
  stop_token_ids: z.array(tokenSchema).max(64).nullish(),
  logit_bias: logitBiasSchema.nullish(),
  /** Scales of the loaded adapters, by their place in the list of the load. */
  lora: z
    .array(z.object({ id: z.int().min(0), scale: z.number().min(-100).max(100) }))
    .max(1000)
    .nullish(),
  /** false computes the whole prompt, and keeps nothing of it. */
  cache_prompt: z.boolean().nullish(),
  priority: z.enum(["interactive", "normal", "background"]).nullish(),
};

/** What is asked of all generations in OpenAI's API. */
export const generationFields = {
  model: z.string().nullish(),
  max_tokens: maxTokens.nullish(),
  n: z.int().min(1).max(128).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .object({
      include_usage: z.boolean().nullish(),
      /** vLLM's. */
      continuous_usage_stats: z.literal(false, { error: "is not supported" }).nullish(),
    })
    .nullish(),
  ...samplingFields,
};

type SamplingFields = z.output<z.ZodObject<typeof samplingFields>>;

/** What the sampling options of a request depend on besides its fields. */
export interface SamplingHost {
  readonly llama: CodeLlama;
  readonly options: { readonly requestTimeoutMs?: number };
}

/**
 * The sampling options of a request.
 * @throws HttpError 400, naming a token that is none
 */
export function samplingOptions(fields: SamplingFields, service: SamplingHost): GenerateOptions {
  const { seed, stop } = fields;
  const stops = (typeof stop === "string" ? [stop] : (stop ?? [])).filter((text) => text !== "");
  return present({
    temperature: notNegative(fields.temperature),
    topP: fields.top_p,
    topK: notNegative(fields.top_k),
    minP: fields.min_p,
    typicalP: fields.typical_p,
    repeatPenalty: fields.repeat_penalty,
    penaltyLastN: fields.repeat_last_n,
    dry: dry(fields),
    xtc: xtc(fields),
    mirostat: mirostat(fields),
    frequencyPenalty: fields.frequency_penalty,
    presencePenalty: fields.presence_penalty,
    seed: seed === null || seed === undefined || seed === -1 ? undefined : seedOf(seed),
    stop: stops.length === 0 ? undefined : stops,
    stopTokens: stopTokens(fields.stop_token_ids, service.llama),
    logitBias: logitBias(fields.logit_bias, service.llama),
    loras: fields.lora ? loraScales(service.llama, fields.lora) : undefined,
    prefixCache: fields.cache_prompt,
    priority: fields.priority,
    timeoutMs: service.options.requestTimeoutMs,
  });
}

/**
 * New tokens at most: null and -1 are no limit.
 * @param standard - where the request does not say; undefined is the model's own
 */
export function tokenLimit(
  limit: number | null | undefined,
  standard?: number,
): number | undefined {
  if (limit === undefined) return standard;
  return limit === null || limit === -1 ? noTokenLimit : limit;
}

/** Below 0 is as good as 0, in llama.cpp's API. */
function notNegative(value: number | null | undefined): number | undefined {
  return value == null ? undefined : Math.max(value, 0);
}

function dry(fields: SamplingFields): GenerateOptions["dry"] {
  const { dry_multiplier: multiplier } = fields;
  if (multiplier == null) return undefined;
  const rest = present({
    base: fields.dry_base,
    allowedLength: fields.dry_allowed_length,
    lastN: fields.dry_penalty_last_n,
    sequenceBreakers: fields.dry_sequence_breakers,
  });
  return { multiplier, ...rest };
}

function xtc(fields: SamplingFields): GenerateOptions["xtc"] {
  const { xtc_probability: probability, xtc_threshold: threshold } = fields;
  return probability == null ? undefined : { probability, ...present({ threshold }) };
}

function mirostat(fields: SamplingFields): GenerateOptions["mirostat"] {
  const { mirostat: version, mirostat_tau: tau, mirostat_eta: eta } = fields;
  if (version !== 1 && version !== 2) return undefined;
  return { version, ...present({ tau, eta }) };
}

type Present<Fields> = { [Name in keyof Fields]?: NonNullable<Fields[Name]> };

/** The fields that are there; `null` is none. */
export function present<Fields extends object>(fields: Fields): Present<Fields> {
  const entries = Object.entries(fields).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  return Object.fromEntries(entries) as Present<Fields>;
}

/** Any whole number as one of the engine's seeds. */
function seedOf(seed: number): number {
  const seeds = 2 ** 32 - 1;
  return ((seed % seeds) + seeds) % seeds;
}

function stopTokens(
  ids: readonly number[] | null | undefined,
  llama: CodeLlama,
): readonly number[] | undefined {
  if (ids == null || ids.length === 0) return undefined;
  checkTokens(llama, ids, (index) => `stop_token_ids[${index}]`);
  return ids;
}

function loraScales(
  llama: CodeLlama,
  scales: readonly { readonly id: number; readonly scale: number }[],
): GenerateOptions["loras"] {
  return Object.fromEntries(
    scales.map(({ id, scale }) => {
      const name = llama.loras[id];
      if (name !== undefined) return [name, scale];
      throw new HttpError(400, "INVALID_ARGUMENT", `lora: there is no adapter ${id}`, {
        field: "lora",
      });
    }),
  );
}

function logitBias(
  bias: z.output<typeof logitBiasSchema> | null | undefined,
  llama: CodeLlama,
): GenerateOptions["logitBias"] {
  if (bias === null || bias === undefined) return undefined;
  const pairs = Array.isArray(bias)
    ? bias
    : Object.entries(bias).map(([token, value]) => [Number(token), value] as const);
  const ids = pairs.map(([token]) => token);
  checkTokens(llama, ids, (index) =>
    Array.isArray(bias) ? `logit_bias[${index}][0]` : `logit_bias.${ids[index]}`,
  );
  return new Map(
    pairs.map(([token, value]) => [
      token,
      value === false || value <= -100 ? Number.NEGATIVE_INFINITY : value,
    ]),
  );
}
