import { createRequire } from "node:module";
import { join } from "node:path";
import { CodeLlamaError, type CodeLlamaErrorCode } from "../errors.ts";
import type { NativeDeviceOptions } from "../options/device.ts";
import type { RopeOptions } from "../options/rope.ts";
import type { PromptPart } from "../prompt/parts.ts";
import { addonFile, platformPackageNames } from "./addon-file.ts";
import { findBackendPackages } from "./backend-packages.ts";
import type { DeviceInfo, Placement } from "./device-info.ts";
import type { EngineStats, ModelInfo } from "./model-info.ts";
import { packageFile } from "./package-file.ts";

// The addon's whole surface: native/addon/addon.cc. Absent options are the addon's defaults
// (native/engine/base/options.h). What the addon throws has a `code` of CodeLlamaErrorCode.

export interface NativeLora {
  readonly path: string;
  readonly scale: number;
  /** For lib/ alone. */
  readonly name: string;
}

export interface NativeLoadOptions extends NativeDeviceOptions {
  readonly modelPath: string;
  readonly draftModelPath?: string | undefined;
  readonly useMmap?: boolean | undefined;
  readonly useMlock?: boolean | undefined;
  readonly vocabularyOnly?: boolean | undefined;
  readonly repack?: boolean | undefined;
  readonly loras?: readonly NativeLora[] | undefined;
  readonly contextSize?: number | undefined;
  readonly parallel?: number | undefined;
  readonly batchSize?: number | undefined;
  readonly microBatchSize?: number | undefined;
  readonly threads?: number | undefined;
  readonly prefillThreads?: number | undefined;
  readonly kvTypeK?: string | undefined;
  readonly kvTypeV?: string | undefined;
  readonly rope?: RopeOptions | undefined;
  readonly warmup?: boolean | undefined;
  readonly flashAttention?: boolean | undefined;
  readonly kvUnified?: boolean | undefined;
  readonly maxQueue?: number | undefined;
  readonly maxDraft?: number | undefined;
  readonly adaptiveDraft?: boolean | undefined;
  readonly prefixCacheTokens?: number | undefined;
  readonly promptCacheBytes?: number | undefined;
}

/** Work on another thread. */
export interface NativeWork<Value> {
  readonly result: Promise<Value>;
  /** Stops the work; `result` rejects with `ABORTED`. Without effect after the end. */
  cancel(): void;
}

/** What `compileGrammar` made of a text. */
export interface NativeGrammar {
  readonly handle: unique symbol;
}

export interface NativeRequest {
  readonly id: number;
  readonly prompt: Int32Array;
  readonly maxTokens: number;
  readonly tokenHealing?: boolean | undefined;
  readonly maxRepeats?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly stopTokens?: Int32Array | undefined;
  readonly prefixCache?: boolean | undefined;
  readonly priority?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Requests of one group have one prompt, which is computed once. */
  readonly group?: number | undefined;
  readonly logprobs?: number | undefined;
  readonly promptLogprobs?: boolean | undefined;
  /** Asks for an embedding instead of new tokens. */
  readonly embedding?: "mean" | "last" | undefined;
  /** Of the adapters of the load, in their order; absent: as they were loaded. */
  readonly loraScales?: readonly number[] | undefined;
  /** Wants the prompt's KV cells as bytes. */
  readonly promptState?: boolean | undefined;
  readonly grammar?: NativeGrammar | undefined;
  readonly temperature?: number | undefined;
  readonly topK?: number | undefined;
  readonly topP?: number | undefined;
  readonly minP?: number | undefined;
  readonly typicalP?: number | undefined;
  readonly repeatPenalty?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly presencePenalty?: number | undefined;
  readonly penaltyLastN?: number | undefined;
  readonly dry?: object | undefined;
  readonly xtc?: object | undefined;
  readonly mirostat?: object | undefined;
  readonly logitBias?: readonly (readonly [number, number])[] | undefined;
  readonly seed?: number | undefined;
  readonly ignoreEos?: boolean | undefined;
}

export interface NativeFinished {
  readonly type: "finished";
  readonly id: number;
  readonly finishReason: "stop" | "length" | "repetition" | "timeout" | "abort";
  readonly stopString: string;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly draftTokens: number;
  readonly acceptedTokens: number;
  readonly queuedMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

export interface NativeTokenLogprob {
  readonly token: number;
  readonly text: string;
  /** Where they are no whole text by themselves. */
  readonly bytes?: Uint8Array;
  readonly logprob: number;
}

export interface NativeTokenLogprobs extends NativeTokenLogprob {
  readonly top: readonly NativeTokenLogprob[];
}

export interface NativeText {
  readonly type: "text";
  readonly id: number;
  readonly text: string;
  readonly tokens: readonly number[];
  readonly logprobs?: readonly NativeTokenLogprobs[];
}

/** Of more tokens of the prompt, which begins with its second one. */
export interface NativePromptScored {
  readonly type: "promptScored";
  readonly id: number;
  readonly logprobs: readonly NativeTokenLogprobs[];
}

export interface NativeFailed {
  readonly type: "failed";
  readonly id: number;
  readonly code: CodeLlamaErrorCode;
  readonly message: string;
}

/** The pooled hidden states of the prompt, not normalized. */
export interface NativeEmbedded {
  readonly type: "embedded";
  readonly id: number;
  readonly embedding: Float32Array;
}

export interface NativePromptState {
  readonly type: "promptState";
  readonly id: number;
  readonly state: Uint8Array;
}

/** What a request gives before its end. */
export type NativeOutput = NativeText | NativePromptScored | NativeEmbedded | NativePromptState;

export type NativeRequestEvent = NativeOutput | NativeFinished | NativeFailed;

/** Every request ends with one `finished` or `failed`; `closed` is the engine's last event. */
export type NativeEvent =
  | NativeRequestEvent
  | { readonly type: "progress"; readonly fraction: number }
  | { readonly type: "loaded" }
  | { readonly type: "loadFailed"; readonly code: CodeLlamaErrorCode; readonly message: string }
  | {
      readonly type: "closed";
      /** Of a failure that the engine could not survive; absent after `close()`. */
      readonly code?: CodeLlamaErrorCode;
      readonly message?: string;
    };

export interface NativeModel extends ModelInfo {
  readonly addsBos: boolean;
  readonly placement: Placement;
}

export interface NativeEngine {
  /** False, and no event, when the engine is closing. @throws `QUEUE_FULL` */
  submit(request: NativeRequest): boolean;
  cancel(id: number): void;
  /** A paused request is not computed, and does not keep the process alive. */
  setPaused(id: number, paused: boolean): void;
  /** Keeps a prompt's cells for prompts that begin like it; false when the engine is closing. */
  addPrompt(tokens: Int32Array, loraScales: readonly number[], state: Uint8Array): Promise<boolean>;
  tokenize(text: string, bos: boolean, special: boolean): Int32Array;
  /** `limit`: tokens that fit; a text that is too long for sure is not tokenised. */
  encode(prompt: readonly PromptPart[], limit: number): Int32Array;
  encodeAsync(prompt: readonly PromptPart[], limit: number): NativeWork<Int32Array>;
  detokenize(tokens: Int32Array, special: boolean): string;
  /** Of a token inside a text; control tokens by name. */
  tokenBytes(token: number): Uint8Array;
  model(): NativeModel;
  stats(): EngineStats;
  close(): void;
}

export type GgufScalar = string | number | boolean;

export interface NativeGgufFile {
  readonly version: number;
  readonly fileSizeBytes: number;
  readonly parameters: number;
  readonly fileType: string;
  /** Arrays show their first elements; `length` is the number of all. */
  readonly metadata: readonly {
    readonly key: string;
    readonly type: string;
    readonly value: GgufScalar | readonly GgufScalar[];
    readonly length?: number;
  }[];
  readonly tensors: readonly {
    readonly name: string;
    readonly dimensions: readonly number[];
    readonly type: string;
    readonly sizeBytes: number;
  }[];
}

/** A library that brings a backend: one that was loaded has `backend`, another one `error`. */
export interface NativeBackend {
  readonly path: string;
  readonly backend?: string;
  /** Such as `"AVX2"`. */
  readonly features: readonly string[];
  readonly error?: string;
}

interface Addon {
  /** Of llama.cpp, which the states of prompts depend on. */
  readonly llamaCommit: string;
  /** Starts to load; `onEvents` gets every step's events in one call, and must not throw. */
  readonly EngineHandle: new (
    options: NativeLoadOptions,
    onEvents: (events: readonly NativeEvent[]) => void,
  ) => NativeEngine;
  inspect(path: string): Promise<NativeGgufFile>;
  /** Reads GBNF, or JSON that is a JSON schema, on another thread. */
  compileGrammar(text: string, isJsonSchema: boolean): NativeWork<NativeGrammar>;
  /** Before anything is loaded or listed: afterwards it has no effect. */
  addBackendFolder(path: string): void;
  backends(): Promise<readonly NativeBackend[]>;
  devices(): Promise<readonly DeviceInfo[]>;
  /** Stops all work and all engines of this thread, and waits for the engines: some milliseconds. */
  stopAll(): void;
}

let loaded: Addon | undefined;

/**
 * The addon, loaded on first use so that importing this package costs nothing.
 * @throws CodeLlamaError `ADDON_MISSING`
 */
export function addon(): Addon {
  loaded ??= loadAddon();
  return loaded;
}

function loadAddon(): Addon {
  const require = createRequire(import.meta.url);
  try {
    const native: Addon = require(addonFile());
    for (const { folder, reason } of findBackendPackages(native.llamaCommit)) {
      if (folder !== undefined && reason === undefined) {
        native.addBackendFolder(join(folder, "lib"));
      }
    }
    // On process.exit() and after an uncaught exception Node runs none of the addon's hooks.
    process.once("exit", () => native.stopAll());
    return native;
  } catch (cause) {
    throw new CodeLlamaError(
      "ADDON_MISSING",
      `the native addon of node-codellama cannot be loaded: ${(cause as Error).message}\n` +
        `Looked for ${packageFile("build", "Release")}, for prebuilds there, and for ${platformPackageNames().join(" and ")}.\n` +
        "If your package manager left out optional dependencies, install the one for this platform. " +
        "If there is none, compile the addon: npx node-codellama build (needs cmake and a C++20 compiler).\n" +
        "In a bundler, mark node-codellama as external.",
      { cause },
    );
  }
}
