import { z } from "zod";
import type { Capabilities } from "../capabilities.ts";
import { CodeLlamaError } from "../errors.ts";
import type { RemoteKind } from "../options/connect.ts";
import type { HttpClient } from "./http-client.ts";

const count = z.int().min(0).nullish();

// Our server's words, and llama-server's.
const metaSchema = z.object({
  context_size: count,
  n_ctx: count,
  training_context_size: count,
  n_ctx_train: count,
  vocabulary_size: count,
  n_vocab: count,
  parameters: count,
  n_params: count,
  size_bytes: count,
  size: count,
  embedding_length: count,
  n_embd: count,
  capabilities: z.record(z.string(), z.unknown()).nullish(),
});

const modelSchema = z.object({
  id: z.string(),
  aliases: z.array(z.string()).nullish(),
  owned_by: z.string().nullish(),
  /** vLLM's. */
  max_model_len: count,
  meta: metaSchema.nullish(),
});

const listSchema = z.object({ data: z.array(modelSchema) });

const infoSchema = z.object({ max_total_tokens: z.int() });

const propsSchema = z.object({
  default_generation_settings: z.object({ n_ctx: z.int() }),
});

type ListedModel = z.output<typeof modelSchema>;

/** What a remote tells about itself; absent is what it does not tell. */
export interface RemoteDescription {
  readonly kind: RemoteKind;
  readonly modelId: string;
  readonly contextSize: number | undefined;
  readonly trainingContextSize: number | undefined;
  readonly vocabularySize: number | undefined;
  readonly parameters: number | undefined;
  readonly sizeBytes: number | undefined;
  readonly embeddingLength: number | undefined;
  /** Of our own server. */
  readonly capabilities: Partial<Capabilities> | undefined;
}

const owners: Readonly<Record<string, RemoteKind>> = {
  "node-codellama": "node-codellama",
  llamacpp: "llama-server",
  vllm: "vllm",
  lmdeploy: "lmdeploy",
};

/**
 * Asks a remote what it is and what it has.
 * @throws CodeLlamaError `REMOTE_FAILED`, `MODEL_NOT_FOUND`, `INVALID_ARGUMENT`
 */
export async function probe(
  client: HttpClient,
  wanted: { readonly model: string | undefined; readonly kind: RemoteKind | undefined },
  signal: AbortSignal | undefined,
): Promise<RemoteDescription> {
  const answer = await client.find("/v1/models", signal);
  const listed = answer === undefined ? [] : readList(client, answer);
  const model = await chooseModel(client, listed, wanted.model, signal);
  const kind = wanted.kind ?? owners[model.owned_by ?? ""] ?? (await otherKind(client, signal));
  const { meta } = model;
  return {
    kind,
    modelId: wanted.model ?? model.id,
    contextSize:
      meta?.context_size ??
      model.max_model_len ??
      (await contextSizeOf(client, kind, signal)) ??
      meta?.n_ctx ??
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
  throw client.errors.failed("/v1/models answers in an unknown form; is it the right url?");
}

async function chooseModel(
  client: HttpClient,
  listed: readonly ListedModel[],
  wanted: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ListedModel> {
  const names = listed.map(({ id }) => JSON.stringify(id)).slice(0, 20);
  const there = names.length === 0 ? "it lists none" : `it has ${names.join(", ")}`;
  if (wanted === undefined) {
    const [only] = listed;
    if (only !== undefined && listed.length === 1) return only;
    throw new CodeLlamaError(
      "INVALID_ARGUMENT",
      `CodeLlama.connect(): model must name one of the remote's: ${there}`,
    );
  }
  const found = listed.find(({ id, aliases }) => id === wanted || aliases?.includes(wanted));
  if (found !== undefined) return found;
  // A gateway without a list is taken at its word.
  if (listed.length === 0) return { id: wanted };
  // An alias of our server's, or a file of a hub's, is known by its own name alone.
  const described = await client.find(`/v1/models/${encodeURIComponent(wanted)}`, signal);
  const { success, data } = modelSchema.safeParse(described);
  if (success) return data;
  throw new CodeLlamaError(
    "MODEL_NOT_FOUND",
    `CodeLlama.connect(): the remote has no model ${JSON.stringify(wanted)}; ${there}`,
  );
}

/** TGI's list names the model's author as the owner; it can be told by a route of its own. */
async function otherKind(client: HttpClient, signal: AbortSignal | undefined): Promise<RemoteKind> {
  const info = await client.find("/info", signal).catch(() => undefined);
  return infoSchema.safeParse(info).success ? "tgi" : "openai";
}

async function contextSizeOf(
  client: HttpClient,
  kind: RemoteKind,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  if (kind === "tgi") {
    return infoSchema.safeParse(await client.find("/info", signal)).data?.max_total_tokens;
  }
  if (kind !== "llama-server") return undefined;
  // Its list is open to all; here it wants its key.
  const props = await client.find("/props", signal);
  return propsSchema.safeParse(props).data?.default_generation_settings.n_ctx;
}
