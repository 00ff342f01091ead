import { z } from "zod";
import { CodeLlamaError } from "../errors.ts";
import type { RemoteKind } from "../options/connect.ts";
import { count as exactCount, listOf, tokenCount } from "./answer-schema.ts";
import type { HttpClient } from "./http-client.ts";
import type { Watch } from "./watch.ts";

const count = exactCount.nullish();
const tokens = tokenCount.nullish();

const capabilitiesSchema = z.object({
  codeLlama: z.enum(["base", "instruct", "python"]).nullish(),
  infill: z.boolean().nullish(),
  chat: z.boolean().nullish(),
  python: z.boolean().nullish(),
});

// Field names of node-codellama and of llama-server.
const metaSchema = z.object({
  context_size: tokens,
  n_ctx: tokens,
  training_context_size: tokens,
  n_ctx_train: tokens,
  vocabulary_size: tokens,
  n_vocab: tokens,
  parameters: count,
  n_params: count,
  size_bytes: count,
  size: count,
  embedding_length: tokens,
  n_embd: tokens,
  capabilities: capabilitiesSchema.nullish(),
});

// Maximum characters of a model's name.
const longestName = 1024;

const modelSchema = z.object({
  id: z.string().min(1).max(longestName),
  aliases: listOf(z.string()).nullish(),
  owned_by: z.string().nullish(),
  /** Context window, from vLLM. */
  max_model_len: tokens,
  meta: metaSchema.nullish(),
});

const listSchema = z.object({ data: listOf(modelSchema) });

const infoSchema = z.object({ max_total_tokens: tokenCount });

const propsSchema = z.object({
  default_generation_settings: z.object({ n_ctx: tokenCount }),
});

type ListedModel = z.output<typeof modelSchema>;

/** Facts that a remote reports about itself; undefined for facts that it does not report. */
export interface RemoteDescription {
  readonly kind: RemoteKind;
  readonly modelId: string;
  readonly contextSize: number | undefined;
  readonly trainingContextSize: number | undefined;
  readonly vocabularySize: number | undefined;
  readonly parameters: number | undefined;
  readonly sizeBytes: number | undefined;
  readonly embeddingLength: number | undefined;
  /** Only node-codellama reports capabilities. */
  readonly capabilities: z.output<typeof capabilitiesSchema> | undefined;
}

const kindsByOwner: ReadonlyMap<string, RemoteKind> = new Map([
  ["node-codellama", "node-codellama"],
  ["llamacpp", "llama-server"],
  ["vllm", "vllm"],
  ["lmdeploy", "lmdeploy"],
]);

/**
 * Finds out what kind of server a remote is and which model it has.
 * @throws CodeLlamaError `REMOTE_FAILED`, `MODEL_NOT_FOUND`, `INVALID_ARGUMENT`
 */
export async function probe(
  client: HttpClient,
  wanted: { readonly model: string | undefined; readonly kind: RemoteKind | undefined },
  watch: Watch,
): Promise<RemoteDescription> {
  const answer = await client.find("/v1/models", watch);
  const listed = answer === undefined ? [] : readList(client, answer);
  const model = await chooseModel(client, listed, wanted.model, watch);
  const kind =
    wanted.kind ?? kindsByOwner.get(model.owned_by ?? "") ?? (await otherKind(client, watch));
  const { meta } = model;
  return {
    kind,
    modelId: wanted.model ?? model.id,
    contextSize:
      (meta?.context_size ||
        model.max_model_len ||
        (await contextSizeOf(client, kind, watch)) ||
        meta?.n_ctx) ??
      undefined,
    trainingContextSize: meta?.training_context_size ?? meta?.n_ctx_train ?? undefined,
    vocabularySize: meta?.vocabulary_size ?? meta?.n_vocab ?? undefined,
    parameters: meta?.parameters ?? meta?.n_params ?? undefined,
    sizeBytes: meta?.size_bytes ?? meta?.size ?? undefined,
    embeddingLength: meta?.embedding_length ?? meta?.n_embd ?? undefined,
    capabilities: meta?.capabilities ?? undefined,
  };
}

function readList(client: HttpClient, answer: unknown): readonly ListedModel[] {
  const { success, data } = listSchema.safeParse(answer);
  if (success) return data.data;
  throw client.errors.failed("/v1/models returned an unexpected answer; check the url");
}

async function chooseModel(
  client: HttpClient,
  listed: readonly ListedModel[],
  wanted: string | undefined,
  watch: Watch,
): Promise<ListedModel> {
  const names = listed.slice(0, 20).map(({ id }) => JSON.stringify(id));
  const available =
    names.length === 0
      ? "it lists no models"
      : `available: ${client.errors.quote(names.join(", "))}`;
  if (wanted === undefined) {
    const [only] = listed;
    if (only !== undefined && listed.length === 1) return only;
    throw new CodeLlamaError(
      "INVALID_ARGUMENT",
      `CodeLlama.connect(): model must name one of the server's models (${available})`,
    );
  }
  const found = listed.find(({ id, aliases }) => id === wanted || aliases?.includes(wanted));
  if (found !== undefined) return found;
  // A gateway without a list may still have the model.
  if (listed.length === 0) return { id: wanted };
  // The list may leave out aliases. The route of a single model knows them.
  const described = await client.find(`/v1/models/${encodeURIComponent(wanted)}`, watch);
  const { success, data } = modelSchema.safeParse(described);
  if (success) return data;
  throw new CodeLlamaError(
    "MODEL_NOT_FOUND",
    `CodeLlama.connect(): the server has no model ${JSON.stringify(wanted)} (${available})`,
  );
}

/** TGI lists the model's author as the owner, so only its route `/info` identifies it. */
async function otherKind(client: HttpClient, watch: Watch): Promise<RemoteKind> {
  const info = await client.find("/info", watch).catch(() => undefined);
  watch.signal.throwIfAborted();
  return infoSchema.safeParse(info).success ? "tgi" : "openai";
}

async function contextSizeOf(
  client: HttpClient,
  kind: RemoteKind,
  watch: Watch,
): Promise<number | undefined> {
  if (kind === "tgi") {
    return infoSchema.safeParse(await client.find("/info", watch)).data?.max_total_tokens;
  }
  if (kind !== "llama-server") return undefined;
  // llama-server lists its models without a key, but `/props` requires one.
  const props = await client.find("/props", watch);
  return propsSchema.safeParse(props).data?.default_generation_settings.n_ctx;
}
