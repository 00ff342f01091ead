export {
  CodeLlama,
  type DetokenizeOptions,
  type TokenizeLongOptions,
  type TokenizeOptions,
} from "./codellama.ts";
export type { EngineState } from "./engine/port.ts";
export { CodeLlamaError, type CodeLlamaErrorCode } from "./errors.ts";
export type { Generation } from "./generation.ts";
export type { Capabilities, Capability, ChatFormat } from "./model/capabilities.ts";
export { type GgufFacts, inspectModel } from "./model/inspect.ts";
export { type ListedModel, listModels, type ModelStore } from "./model/list.ts";
export { type PulledModel, pullModel } from "./model/pull.ts";
export { type RemovedModel, removeModel } from "./model/remove.ts";
export type { EmbedResult } from "./modes/embed.ts";
export type { InfillResult } from "./modes/infill.ts";
export type { PerplexityResult } from "./modes/perplexity.ts";
export type { PrefixResult } from "./modes/prefix-file.ts";
export type { DroppedKeyword, FinishReason, GgufScalar } from "./native/binding.ts";
export type { DeviceInfo, DeviceShare, Placement } from "./native/device-info.ts";
export type { RopeOptions, YarnOptions } from "./native/load-options.ts";
export type { EngineStats, ModelInfo, SpecialTokens } from "./native/model-info.ts";
export type { DryOptions, MirostatOptions, XtcOptions } from "./native/sampling-options.ts";
export type { CapabilityOptions } from "./options/capabilities.ts";
export type { ChatOptions } from "./options/chat.ts";
export type { ConnectOptions, RemoteKind } from "./options/connect.ts";
export type { DeviceOptions } from "./options/device.ts";
export type { EmbedOptions } from "./options/embed.ts";
export type { GenerateOptions } from "./options/generate.ts";
export type { ContextFile, InfillInput, InfillOptions } from "./options/infill.ts";
export type { KvCacheType, LoadOptions, LoraOptions } from "./options/load.ts";
export type { ChatMessage } from "./options/messages.ts";
export type { PerplexityOptions } from "./options/perplexity.ts";
export type { PrefixOptions } from "./options/prefix.ts";
export type { DownloadProgress, PullOptions } from "./options/pull.ts";
export type { DroppedTurns, SendOptions, SessionOptions } from "./options/session.ts";
export type { Priority, RepetitionOptions } from "./options/shared.ts";
export type { SplitOptions } from "./options/split.ts";
export type { StructureOptions } from "./options/structure.ts";
export type {
  Chunk,
  GenerationResult,
  StructuredResult,
  Timings,
  TokenLogprob,
  TokenLogprobs,
  Usage,
} from "./result.ts";
export type { SchemaIssue, StandardSchema, ValueOf } from "./schema/standard-schema.ts";
export { ChatSession, type SessionData, type SessionResult } from "./session.ts";
