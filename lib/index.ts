export type { GgufScalar } from "./binding.ts";
export {
  CodeLlama,
  type DetokenizeOptions,
  type TokenizeOptions,
} from "./codellama.ts";
export type { EngineStats, ModelInfo, SpecialTokens } from "./engine-info.ts";
export { CodeLlamaError, type CodeLlamaErrorCode } from "./errors.ts";
export type {
  Chunk,
  FinishReason,
  Generation,
  GenerationResult,
  Timings,
  Usage,
} from "./generation.ts";
export { type GgufFacts, inspectModel } from "./models/inspect.ts";
export type {
  DryOptions,
  GenerateOptions,
  MirostatOptions,
  Priority,
  XtcOptions,
} from "./options/generate.ts";
export type { KvCacheType, LoadOptions, LoraOptions } from "./options/load.ts";
