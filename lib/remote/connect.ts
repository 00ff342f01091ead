import { basename } from "node:path";
import { withOwnSignal } from "../base/abort-listeners.ts";
import { LocalEngine } from "../engine/local-engine.ts";
import { type Capabilities, capabilitiesOf } from "../model/capabilities.ts";
import { locateModel } from "../model/locate.ts";
import type { NativeModel } from "../native/binding.ts";
import {
  type ConnectOptions,
  checkConnectOptions,
  connectBase,
  type RemoteKind,
} from "../options/connect.ts";
import type { Dialect } from "./dialects/dialect.ts";
import { llamaServer } from "./dialects/llama-server.ts";
import { openAiDialects } from "./dialects/openai.ts";
import { HttpClient } from "./http-client.ts";
import { probe, type RemoteDescription } from "./probe.ts";
import { RemoteEngine } from "./remote-engine.ts";
import { RemoteErrors } from "./remote-error.ts";
import { requireSameVocabulary } from "./same-vocabulary.ts";
import type { Watch } from "./watch.ts";

export interface Connection {
  readonly engine: RemoteEngine;
  readonly capabilities: Capabilities;
}

const dialects: readonly Dialect[] = [llamaServer, ...openAiDialects];

/** Probes a remote server and creates an engine for it. */
export async function connect(url: string | URL, given: ConnectOptions): Promise<Connection> {
  const options = checkConnectOptions(given);
  const base = connectBase(url);
  return withOwnSignal(options.signal, (signal) => connectTo(base, options, signal));
}

async function connectTo(
  base: string,
  options: ConnectOptions,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  const { apiKey, tokenizer, maxRetries = 2, idleTimeoutMs = 300_000 } = options;
  const errors = new RemoteErrors(base, apiKey);
  const client = new HttpClient({ base, apiKey, maxRetries, idleTimeoutMs, errors });
  const watched = async <Value>(work: (watch: Watch) => Promise<Value>): Promise<Value> => {
    const watch = client.watch(signal);
    return await work(watch).finally(() => watch.end());
  };
  const wanted = { model: options.model, kind: options.kind };
  const remote = await watched((watch) => probe(client, wanted, watch));
  const dialect = dialectOf(remote.kind);
  const vocabulary = tokenizer === undefined ? undefined : await loadVocabulary(tokenizer, signal);
  try {
    if (vocabulary !== undefined) {
      await watched((watch) => requireSameVocabulary(client, remote, vocabulary, watch));
    }
    const model =
      vocabulary === undefined ? describedModel(remote) : localModel(vocabulary.model, remote);
    const contextSize =
      options.contextSize ?? remote.contextSize ?? (model.trainingContextSize || Infinity);
    const capabilities =
      vocabulary === undefined
        ? remoteCapabilities(dialect, model, remote)
        : capabilitiesOf(model, `${basename(tokenizer ?? "")} ${remote.modelId}`);
    const { modelId } = remote;
    const facts = { client, dialect, modelId, model, contextSize, vocabulary };
    return { engine: new RemoteEngine(facts), capabilities };
  } catch (error) {
    await vocabulary?.close();
    throw error;
  }
}

async function loadVocabulary(
  tokenizer: string,
  signal: AbortSignal | undefined,
): Promise<LocalEngine> {
  const modelPath = await locateModel(tokenizer, "CodeLlama.connect(): tokenizer", { signal });
  return LocalEngine.start({ modelPath, vocabularyOnly: true }, undefined, signal);
}

function dialectOf(kind: RemoteKind): Dialect {
  const dialect = dialects.find((each) => each.kind === kind);
  if (dialect === undefined) throw new RangeError(`no dialect for ${kind}`);
  return dialect;
}

const remotePlacement = { devices: [], reason: "the model runs on a remote server" };

/** The vocabulary file's model, with the remote's facts about its weights. */
function localModel(model: NativeModel, remote: RemoteDescription): NativeModel {
  return {
    ...model,
    name: model.name || remote.modelId,
    parameters: remote.parameters ?? model.parameters,
    sizeBytes: remote.sizeBytes ?? model.sizeBytes,
    placement: remotePlacement,
  };
}

/** A model that is known only from the remote's description. */
function describedModel(remote: RemoteDescription): NativeModel {
  return {
    architecture: "",
    name: remote.modelId,
    finetune: "",
    fileType: "",
    parameters: remote.parameters ?? 0,
    sizeBytes: remote.sizeBytes ?? 0,
    trainingContextSize: remote.trainingContextSize ?? 0,
    embeddingLength: remote.embeddingLength ?? 0,
    layers: 0,
    vocabularySize: remote.vocabularySize ?? 0,
    chatTemplate: "",
    specialTokens: {},
    endOfGenerationTokens: [],
    addsBos: false,
    placement: remotePlacement,
  };
}

/** Capabilities that node-codellama reports. For other servers, only the model's name is known. */
function remoteCapabilities(
  { fillsHoles }: Dialect,
  model: NativeModel,
  { capabilities }: RemoteDescription,
): Capabilities {
  const byName = capabilitiesOf({ ...model, architecture: "llama" }, "");
  const { infill, chat, python } = capabilities ?? {};
  const reason = capabilities == null ? "the server does not report it" : "the server reports it";
  const codeLlama = capabilities?.codeLlama ?? byName.codeLlama;
  return {
    completion: true,
    infill: fillsHoles && infill === true,
    // Other models have a chat template, or the server rejects the request. A base Code Llama would
    // answer without end.
    chat: chat ?? (codeLlama === undefined || codeLlama === "instruct"),
    python: python ?? codeLlama === "python",
    codeLlama,
    chatFormat: "remote",
    reasons: { infill: reason, chat: reason, python: reason },
  };
}
