import { z } from "zod";
import type { CodeLlama } from "../../codellama.ts";
import type { GenerateOptions } from "../../options/generate.ts";
import { noTokenLimit, sharedTable } from "../../options/shared.ts";
import { HttpError } from "../http/http-error.ts";
import { type FieldValues, optionsOf, tableFields } from "./table-fields.ts";
import { checkTokens, tokenSchema } from "./token-ids.ts";

const biasOfToken = z.number().min(-100).max(100);

/** From -100, which forbids a token, to 100: OpenAI's form, or llama.cpp's list of pairs. */
const logitBiasSchema = z.union([
  z.record(z.string().regex(/^\d+$/, { error: "must be a token id" }), biasOfToken),
  z.array(z.tuple([tokenSchema, z.union([biasOfToken, z.literal(false)])])),
]);

/** Fields that take other values than their option. */
const specialFields = {
  // -1 = no limit.
  max_tokens: z
    .int()
    .min(-1)
    .max(2 ** 32 - 1),
  // -1 = off, like 0.
  top_k: z
    .int()
    .min(-1)
    .max(2 ** 31 - 1),
  // 0 = off.
  mirostat: z.int().min(0).max(2),
  // -1 = random. Any other whole number gives a seed.
  seed: z.int(),
  // An empty stop string has no effect.
  stop: z.union([z.string(), z.array(z.string()).max(64)]),
  logit_bias: logitBiasSchema,
  // Adapters by their index in the load; options use their names.
  lora: z.array(z.object({ id: z.int().min(0), scale: z.number().min(-100).max(100) })).max(1000),
};

type SharedValues = FieldValues<typeof sharedTable> &
  FieldValues<(typeof sharedTable)["dry"]["options"]> &
  FieldValues<(typeof sharedTable)["xtc"]["options"]> &
  FieldValues<(typeof sharedTable)["mirostat"]["options"]>;

/** The fields of all generations: those of the option table, and OpenAI's own. */
export const generationFields = {
  model: z.string().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .object({
      include_usage: z.boolean().nullish(),
      // A field of vLLM.
      continuous_usage_stats: z.literal(false, { error: "is not supported" }).nullish(),
    })
    .nullish(),
  ...tableFields<SharedValues, typeof specialFields>(sharedTable, specialFields),
};

type GenerationFields = z.output<z.ZodObject<typeof generationFields>>;

/** Facts besides the fields that the sampling options of a request depend on. */
export interface SamplingHost {
  readonly llama: CodeLlama;
  readonly options: { readonly requestTimeoutMs?: number };
}

/**
 * The sampling options of a request.
 * @throws HttpError 400, naming the field with an unknown token or adapter
 */
export function samplingOptions(fields: GenerationFields, service: SamplingHost): GenerateOptions {
  const { seed, stop } = fields;
  const stops = (typeof stop === "string" ? [stop] : (stop ?? [])).filter((text) => text !== "");
  const { maxTokens, n, ...plain } = optionsOf(fields, sharedTable) as GenerateOptions;
  return present({
    ...plain,
    // llama.cpp's API reads a negative value as 0.
    temperature: notNegative(fields.temperature),
    topK: notNegative(fields.top_k),
    seed: seed == null || seed === -1 ? undefined : seedOf(seed),
    stop: stops.length === 0 ? undefined : stops,
    stopTokens: stopTokens(fields.stop_token_ids, service.llama),
    logitBias: logitBias(fields.logit_bias, service.llama),
    loras: fields.lora ? loraScales(service.llama, fields.lora) : undefined,
    timeoutMs: service.options.requestTimeoutMs,
  });
}

/**
 * Maximum number of new tokens. Null and -1 mean no limit.
 * @param standard - limit of a request without the field; undefined = the default of the call
 */
export function tokenLimit(
  limit: number | null | undefined,
  standard?: number,
): number | undefined {
  if (limit === undefined) return standard;
  return limit === null || limit === -1 ? noTokenLimit : limit;
}

function notNegative(value: number | null | undefined): number | undefined {
  return value == null ? undefined : Math.max(value, 0);
}

type Present<Fields> = { [Name in keyof Fields]?: NonNullable<Fields[Name]> };

/** The fields that are neither null nor undefined. */
export function present<Fields extends object>(fields: Fields): Present<Fields> {
  const entries = Object.entries(fields).filter(
    ([, value]) => value !== null && value !== undefined,
  );
  return Object.fromEntries(entries) as Present<Fields>;
}

/** A seed of the engine for any whole number. */
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
