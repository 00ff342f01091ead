import { invalidArgument, show } from "../base/arguments.ts";
import { fromNative } from "../errors.ts";
import { isModelUri } from "../hub/reference.ts";
import { addon, type GgufScalar, type NativeGgufFile } from "../native/binding.ts";
import type { Capabilities } from "./capabilities.ts";
import { locateModel, nameOfFile } from "./locate.ts";
import { capabilitiesOfHeader } from "./traits.ts";

/** Header of a GGUF file: a model or a LoRA adapter. Fields that the file does not have are undefined. */
export interface GgufFacts {
  /** Path of the file; the URI if only the header was fetched. */
  readonly path: string;
  /** Version of the GGUF format. */
  readonly version: number;
  readonly fileSizeBytes: number;
  /** `"adapter"` for a LoRA adapter. Usually `"model"` for a model. */
  readonly type: string | undefined;
  readonly architecture: string;
  readonly name: string | undefined;
  readonly fileType: string;
  readonly parameters: number;
  readonly trainingContextSize: number | undefined;
  readonly layers: number | undefined;
  readonly embeddingLength: number | undefined;
  readonly feedForwardLength: number | undefined;
  readonly heads: number | undefined;
  readonly keyValueHeads: number | undefined;
  readonly ropeBase: number | undefined;
  /** Tokenizer name, such as `"llama"` (SentencePiece) or `"gpt2"` (byte-pair encoding). */
  readonly tokenizer: string | undefined;
  readonly vocabularySize: number | undefined;
  readonly chatTemplate: string | undefined;
  /** Token ids, keyed by the name in the file, such as `bos` and `fim_pre`. */
  readonly specialTokens: Readonly<Record<string, number>>;
  /** What the model can do, as far as the header tells. Undefined for an adapter. */
  readonly capabilities: Capabilities | undefined;
  readonly metadata: NativeGgufFile["metadata"];
  readonly tensors: NativeGgufFile["tensors"];
}

const where = "inspectModel()";

/**
 * Reads and checks the header of a GGUF file. It does not load the model. Of a model at Hugging Face that
 * is not in the cache, it fetches only the header.
 * @param model - path or URI, as for `CodeLlama.load`
 * @throws CodeLlamaError `INVALID_ARGUMENT`, `MODEL_NOT_FOUND`, `DOWNLOAD_FAILED`, `MODEL_INVALID`,
 *   `MODEL_UNSUPPORTED`, `ADDON_MISSING`
 */
export async function inspectModel(model: string): Promise<GgufFacts> {
  if (typeof model !== "string" || model === "" || model.includes("\0")) {
    throw invalidArgument(
      `${where}: path must be a non-empty string without NUL (got ${show(model)})`,
    );
  }
  if (!isModelUri(model)) return inspectFile(model, model);
  const { openRemoteModel } = await import("../hub/remote-content.ts");
  const remote = await openRemoteModel(model, where);
  if (remote === undefined) return inspectFile(await locateModel(model, where), model);
  const { withRemoteHeader } = await import("./remote-header.ts");
  const facts = await withRemoteHeader(remote, where, (path) => inspectFile(path, model));
  return { ...facts, path: model };
}

async function inspectFile(path: string, name: string): Promise<GgufFacts> {
  const file = await addon()
    .inspect(path)
    .catch((error: unknown) => {
      throw fromNative(error);
    });
  const found = facts(path, file);
  return { ...found, capabilities: capabilitiesOfHeader(found, nameOfFile(name, path)) };
}

function facts(path: string, file: NativeGgufFile): Omit<GgufFacts, "capabilities"> {
  const entries = new Map(file.metadata.map((entry) => [entry.key, entry]));
  const text = (key: string) => scalar(entries.get(key)?.value, "string");
  const architecture = text("general.architecture") ?? "unknown";
  const count = (key: string) => scalar(entries.get(`${architecture}.${key}`)?.value, "number");
  return {
    path,
    version: file.version,
    fileSizeBytes: file.fileSizeBytes,
    type: text("general.type"),
    architecture,
    name: text("general.name"),
    fileType: file.fileType,
    parameters: file.parameters,
    trainingContextSize: count("context_length"),
    layers: count("block_count"),
    embeddingLength: count("embedding_length"),
    feedForwardLength: count("feed_forward_length"),
    heads: count("attention.head_count"),
    keyValueHeads: count("attention.head_count_kv"),
    ropeBase: count("rope.freq_base"),
    tokenizer: text("tokenizer.ggml.model"),
    vocabularySize: entries.get("tokenizer.ggml.tokens")?.length,
    chatTemplate: text("tokenizer.chat_template"),
    specialTokens: specialTokens(file),
    metadata: file.metadata,
    tensors: file.tensors,
  };
}

function specialTokens(file: NativeGgufFile): Record<string, number> {
  const tokens: Record<string, number> = {};
  for (const { key, value } of file.metadata) {
    const name = /^tokenizer\.ggml\.(\w+?)_token_id$/.exec(key)?.[1];
    if (name !== undefined && typeof value === "number") tokens[name] = value;
  }
  return tokens;
}

interface ScalarTypes {
  readonly string: string;
  readonly number: number;
}

function scalar<Name extends keyof ScalarTypes>(
  value: GgufScalar | readonly GgufScalar[] | undefined,
  type: Name,
): ScalarTypes[Name] | undefined {
  // Some models store one number per layer. The first layer's number represents all of them.
  const first = Array.isArray(value) ? value[0] : value;
  return typeof first === type ? (first as ScalarTypes[Name]) : undefined;
}
