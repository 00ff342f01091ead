import type { ModelStore } from "../hub/stores.ts";
import { listDevices } from "../native/devices.ts";
import type { Capabilities } from "./capabilities.ts";
import { type Fit, fitOf } from "./fit.ts";
import { type GgufFacts, inspectModel } from "./inspect.ts";
import { nameOfFile } from "./locate.ts";
import { capabilitiesOfHeader } from "./traits.ts";

export type { ModelStore } from "../hub/stores.ts";

/** A model on this machine. */
export interface ListedModel {
  /** Name for `load`: a URI, or the path if no URI leads to it. */
  readonly name: string;
  /** Program whose cache has the model. */
  readonly store: ModelStore;
  /** Path of the file, or of the first part of a split model. */
  readonly path: string;
  /** Size of all its files. */
  readonly bytes: number;
  /** Storage type of the weights, such as `"Q4_K_M"`. Undefined if the file cannot be read. */
  readonly quantisation: string | undefined;
  readonly architecture: string | undefined;
  /** Number of weights. */
  readonly parameters: number | undefined;
  /** Undefined for an adapter, or if the file cannot be read. */
  readonly capabilities: Capabilities | undefined;
  /** Where the model fits with a context of 4,096 tokens. Undefined if the file cannot be read. */
  readonly fit: Fit | undefined;
  /** Why the file cannot be read. */
  readonly error: string | undefined;
}

/**
 * Lists the models in the caches of Hugging Face, this package, llama.cpp, Ollama and LM Studio, the
 * largest first.
 * @throws CodeLlamaError `ADDON_MISSING`, `INVALID_ARGUMENT` for wrong environment variables
 */
export async function listModels(): Promise<readonly ListedModel[]> {
  // Imported here, so that programs without downloads start faster.
  const { findStoredModels } = await import("../hub/stores.ts");
  const [stored, devices] = await Promise.all([findStoredModels(), listDevices()]);
  const listed: ListedModel[] = [];
  // One after the other: each reads a file on another thread.
  for (const model of stored.toSorted((a, b) => b.bytes - a.bytes)) {
    const facts = await inspectModel(model.path).catch((error: Error) => error);
    if (facts instanceof Error) {
      listed.push({ ...model, ...unreadable, error: facts.message });
      continue;
    }
    const { fileType, architecture, parameters } = facts;
    listed.push({
      ...model,
      // The name of a quantisation that mixes types is only in the name of the file.
      quantisation: model.quantisation ?? fileType,
      architecture,
      // The header of a split model's first part counts only that part.
      parameters: isSplit(facts) ? undefined : parameters,
      capabilities: capabilitiesOfHeader(facts, nameOfFile(model.name, model.path)),
      fit: fitOf(model.bytes, facts, devices),
      error: undefined,
    });
  }
  return listed;
}

const unreadable = {
  architecture: undefined,
  parameters: undefined,
  capabilities: undefined,
  fit: undefined,
};

function isSplit({ metadata }: GgufFacts): boolean {
  const count = metadata.find(({ key }) => key === "split.count")?.value;
  return typeof count === "number" && count > 1;
}
