import { createRequire } from "node:module";
import { join } from "node:path";
import { CodeLlamaError, type CodeLlamaErrorCode } from "../errors.ts";
import { addonFile, platformPackageNames } from "./addon-file.ts";
import { findBackendPackages } from "./backend-packages.ts";
import type { DeviceInfo, Placement } from "./device-info.ts";
import type { PlainLoadOptions, RopeOptions } from "./load-options.ts";
import type { EngineStats, ModelInfo } from "./model-info.ts";
import { packageFile } from "./package-file.ts";
import type { SamplingOptions } from "./sampling-options.ts";

// The whole surface of the addon (native/addon/addon.cc). The addon's defaults for absent options
// are in native/engine/base/options.h. Errors that the addon throws carry a CodeLlamaErrorCode in
// `code`.

/**
 * One part of a prompt: the id of a control token, or text. Text that spells a control token stays
 * text unless the part is `special`.
 */
export type PromptPart = number | PromptText;

export interface PromptText {
  readonly text: string;
  /** Encodes without the implicit leading space (SentencePiece's dummy prefix). Default false. */
  readonly inside?: boolean;
  /** Encodes spelled-out control tokens as control tokens. Default false. */
  readonly special?: boolean;
  /** Encodes together with the text before it, so that a token may span both. Default false. */
  readonly joined?: boolean;
}

/** Why a generation ended: an end token or a stop string, a limit, repeated text, `cancel()`. */
export type FinishReason = "stop" | "length" | "repetition" | "timeout" | "abort";

export interface NativeLora {
  readonly path: string;
  readonly scale: number;
  /** Used by lib/ only; the addon does not read it. */
  readonly name: string;
}

/** The properties of an interface, each of which may also be undefined. */
type OrUndefined<Options> = { readonly [Name in keyof Options]: Options[Name] | undefined };

export interface NativeLoadOptions extends OrUndefined<PlainLoadOptions> {
  readonly modelPath: string;
  readonly draftModelPath?: string | undefined;
  readonly repack?: boolean | undefined;
  readonly loras?: readonly NativeLora[] | undefined;
  readonly gpuLayers?: number | undefined;
  readonly devices?: readonly string[] | undefined;
  readonly kvTypeK?: string | undefined;
  readonly kvTypeV?: string | undefined;
  readonly rope?: RopeOptions | undefined;
  readonly flashAttention?: boolean | undefined;
  readonly kvUnified?: boolean | undefined;
  readonly maxDraft?: number | undefined;
  readonly adaptiveDraft?: boolean | undefined;
  readonly prefixCacheTokens?: number | undefined;
}

/** Work that runs on another thread. */
export interface NativeWork<Value> {
  readonly result: Promise<Value>;
  /** Stops the work: `result` rejects with `ABORTED`. Does nothing once the work has ended. */
  cancel(): void;
}

/** The language of a text that `compileGrammar` compiles. */
export type NativeGrammarKind = "gbnf" | "jsonSchema" | "regex";

/** Options of `compileGrammar`. */
export interface NativeGrammarOptions {
  /** For JSON schemas. */
  readonly compact?: boolean | undefined;
  /** For JSON schemas. */
  readonly lenient?: boolean | undefined;
  /** Those of the flags `i`, `m` and `s` of a regular expression that are set. */
  readonly flags?: string;
}

/** A keyword of a JSON schema that a text does not have to meet. */
export interface DroppedKeyword {
  /** JSON pointer of the schema that has the keyword; `""` is the whole schema. */
  readonly pointer: string;
  readonly keyword: string;
  /** Why the keyword cannot be enforced. */
  readonly reason: string;
}

export interface NativeCompilation {
  readonly grammar: NativeGrammar;
  /** Empty without `lenient`. */
  readonly droppedKeywords: readonly DroppedKeyword[];
}

/** A grammar that `compileGrammar` compiled. Opaque to TypeScript. */
export interface NativeGrammar {
  readonly handle: unique symbol;
}

/** A regular expression that `compileStopPattern` compiled. Opaque to TypeScript. */
export interface NativeStopPattern {
  readonly stopHandle: unique symbol;
}

/**
 * Takes the next piece of a text, or null at its end. Returns the text to show, and the text that
 * matched a stop condition; `""` if nothing has matched yet.
 */
export type NativeTextStop = (piece: string | null) => {
  readonly text: string;
  readonly matched: string;
};

export interface NativeRequest extends OrUndefined<SamplingOptions> {
  readonly id: number;
  readonly prompt: Int32Array;
  readonly maxTokens: number;
  readonly tokenHealing?: boolean | undefined;
  readonly maxRepeats?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly stopPatterns?: readonly NativeStopPattern[] | undefined;
  /** Ends the text at the first line that is indented less than its first line, which continues this line. */
  readonly dedentBelow?: string | undefined;
  readonly stopTokens?: Int32Array | undefined;
  readonly prefixCache?: boolean | undefined;
  readonly priority?: string | undefined;
  readonly timeoutMs?: number | undefined;
  /** Requests of one group have the same prompt. The engine computes it once. */
  readonly group?: number | undefined;
  readonly logprobs?: number | undefined;
  readonly promptLogprobs?: boolean | undefined;
  /** Pooling of the embedding to compute. Absent: the request generates tokens. */
  readonly embedding?: "mean" | "last" | undefined;
  /** Scales of the loaded LoRA adapters, in load order. Absent: the scales of the load. */
  readonly loraScales?: readonly number[] | undefined;
  /** Whether to report the prompt's KV cells as bytes (`NativePromptState`). */
  readonly promptState?: boolean | undefined;
  readonly grammar?: NativeGrammar | undefined;
  readonly logitBias?: readonly (readonly [number, number])[] | undefined;
  /** Beam search instead of sampling: the request ends with `beams` and reports no text before. */
  readonly beamSearch?: NativeBeamSearch | undefined;
}

export interface NativeBeamSearch {
  /** Unfinished texts that the search keeps. */
  readonly beams: number;
  /** Best texts to return. */
  readonly n: number;
  /** A text's score is its log-probability divided by its length to this power. */
  readonly lengthPenalty: number;
}

/** A text that a beam search found. */
export interface NativeBeam {
  readonly finishReason: FinishReason;
  readonly stopString: string;
  readonly text: string;
  readonly tokens: readonly number[];
  readonly logprobs: readonly NativeTokenLogprobs[];
}

export interface NativeFinished {
  readonly type: "finished";
  readonly id: number;
  readonly finishReason: FinishReason;
  readonly stopString: string;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly draftTokens: number;
  readonly acceptedTokens: number;
  readonly queuedMs: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
  /** Texts of a beam search, best first. */
  readonly beams?: readonly NativeBeam[];
}

export interface NativeTokenLogprob {
  readonly token: number;
  readonly text: string;
  /** The token's bytes. Present only if they are not valid UTF-8 by themselves. */
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

/** Logprobs of further prompt tokens. The first prompt token has none. */
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

/** Output of a request before its end. */
export type NativeOutput = NativeText | NativePromptScored | NativeEmbedded | NativePromptState;

export type NativeRequestEvent = NativeOutput | NativeFinished | NativeFailed;

/** Every request ends with exactly one `finished` or `failed`. The engine's last event is `closed`. */
export type NativeEvent =
  | NativeRequestEvent
  | { readonly type: "progress"; readonly fraction: number }
  | { readonly type: "loaded" }
  | { readonly type: "loadFailed"; readonly code: CodeLlamaErrorCode; readonly message: string }
  | {
      readonly type: "closed";
      /** Code of the failure that ended the engine. Absent after `close()`. */
      readonly code?: CodeLlamaErrorCode;
      readonly message?: string;
    };

export interface NativeModel extends ModelInfo {
  readonly addsBos: boolean;
  readonly placement: Placement;
}

export interface NativeEngine {
  /** Returns false when the engine is closing; the request then gets no event. @throws `QUEUE_FULL` */
  submit(request: NativeRequest): boolean;
  cancel(id: number): void;
  /** The engine does not compute a paused request. A paused request does not keep the process alive. */
  setPaused(id: number, paused: boolean): void;
  /** Keeps a prompt's KV cells for prompts with the same prefix. False when the engine is closing. */
  addPrompt(tokens: Int32Array, loraScales: readonly number[], state: Uint8Array): Promise<boolean>;
  tokenize(text: string, bos: boolean, special: boolean): Int32Array;
  /** `limit`: most tokens that fit. A text that cannot fit is rejected before it is tokenised. */
  encode(prompt: readonly PromptPart[], limit: number): Int32Array;
  encodeAsync(prompt: readonly PromptPart[], limit: number): NativeWork<Int32Array>;
  detokenize(tokens: Int32Array, special: boolean): string;
  /** The bytes of a token inside a text; a control token's name. */
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
  /** An array lists only its first elements; `length` counts all of them. */
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

/** A shared library with a ggml backend. It has `backend` if it was loaded, else `error`. */
export interface NativeBackend {
  readonly path: string;
  readonly backend?: string;
  /** CPU features that the backend uses, such as `"AVX2"`. */
  readonly features: readonly string[];
  readonly error?: string;
}

interface Addon {
  /** llama.cpp's commit. Saved prompt states are valid only for this commit. */
  readonly llamaCommit: string;
  /** Starts loading. `onEvents` gets all events of one step in one call and must not throw. */
  readonly EngineHandle: new (
    options: NativeLoadOptions,
    onEvents: (events: readonly NativeEvent[]) => void,
  ) => NativeEngine;
  inspect(path: string): Promise<NativeGgufFile>;
  /** Compiles GBNF, a JSON schema as JSON text, or a regular expression, on another thread. */
  compileGrammar(
    kind: NativeGrammarKind,
    text: string,
    options: NativeGrammarOptions,
  ): NativeWork<NativeCompilation>;
  /** Compiles a regular expression that ends a text, on another thread. */
  compileStopPattern(source: string, flags: string): NativeWork<NativeStopPattern>;
  /** Finds stop conditions in a text that comes from elsewhere. */
  newTextStop(
    conditions: Pick<NativeRequest, "stop" | "stopPatterns" | "dedentBelow">,
  ): NativeTextStop;
  /** Adds a folder to search for backends. Has an effect only before the first load or listing. */
  addBackendFolder(path: string): void;
  backends(): Promise<readonly NativeBackend[]>;
  devices(): Promise<readonly DeviceInfo[]>;
  /** Stops all work and engines of this JavaScript thread and waits a few milliseconds for them. */
  stopAll(): void;
}

let loaded: Addon | undefined;

/**
 * The addon. The first call loads it, so that importing this package stays fast.
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
    // Node skips the addon's cleanup hooks on process.exit() and after an uncaught exception.
    process.once("exit", () => native.stopAll());
    return native;
  } catch (cause) {
    throw new CodeLlamaError(
      "ADDON_MISSING",
      `the native addon of node-codellama cannot be loaded: ${(cause as Error).message}\n` +
        `Looked in ${packageFile("build", "Release")}, in ${packageFile("prebuilds")}, and in ${platformPackageNames().join(" and ")}.\n` +
        "If your package manager skipped optional dependencies, install the package for this platform. " +
        "If there is no such package, compile the addon: npx node-codellama build (needs cmake and a C++20 compiler).\n" +
        "If you use a bundler, mark node-codellama as external.",
      { cause },
    );
  }
}
