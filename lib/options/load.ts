import { basename } from "node:path";
import { invalidArgument, readArgument, show } from "../base/arguments.ts";
import { hrefOf } from "../base/brands.ts";
import type { NativeLoadOptions, NativeLora } from "../native/binding.ts";
import type { PlainLoadOptions, RopeOptions } from "../native/load-options.ts";
import { type CapabilityOptions, capabilityTable } from "./capabilities.ts";
import {
  abortSignal,
  anything,
  boolean,
  callback,
  checkOptions,
  checkValue,
  either,
  integer,
  listOf,
  number,
  oneOf,
  required,
  text,
} from "./check.ts";
import { type DeviceOptions, deviceTable } from "./device.ts";
import type { DownloadProgress } from "./pull.ts";
import { ropeOptions } from "./rope.ts";
import { type NativeTable, nativeProperties, rulesOf } from "./table.ts";

/** Storage type of keys or values in the KV cache: fewer bits take less memory and lose some quality. */
export type KvCacheType =
  | "f32"
  | "f16"
  | "bf16"
  | "q8_0"
  | "q5_1"
  | "q5_0"
  | "q4_1"
  | "q4_0"
  | "iq4_nl";

/** A LoRA adapter in GGUF format, made for the loaded model. */
export interface LoraOptions {
  /** Path or URI. */
  readonly path: string;
  /** Strength: 0 is off, 1 is as trained. Default 1; range -100 to 100. */
  readonly scale?: number;
  /** Name for the `loras` option of a request. Default: the file's name without `.gguf`. */
  readonly name?: string;
}

/** How to load a model. */
export interface LoadOptions extends PlainLoadOptions, DeviceOptions {
  /** Type of the KV cache, or of its keys and values separately. Default `"f16"`. */
  readonly kvCacheType?: KvCacheType | { readonly k?: KvCacheType; readonly v?: KvCacheType };
  /** Rotary positions, for contexts longer than the training length. Default: as in the file. */
  readonly rope?: RopeOptions;
  /**
   * Flash attention. A quantised V cache needs it. Default `"auto"`: on if the backend has it, except
   * on an x86 CPU for heads whose size is not a multiple of 64, where it is slow.
   */
  readonly flashAttention?: boolean | "auto";
  /**
   * `true`: all sequences share the tokens of `contextSize`, so that one sequence may use all of
   * them, and common beginnings are stored once. `false`: each sequence has its own part,
   * `contextSize / parallel`; many independent streams are then faster, because attention skips the
   * cells of other sequences, and common beginnings are copied. Default `"auto"`: separate parts
   * from 8 sequences on, if each part has at least 4,096 tokens or the training length.
   */
  readonly kvUnified?: boolean | "auto";
  /**
   * Keeps computed prompt tokens for later prompts with the same beginning, as far as the KV cache
   * has room: the next turn of a chat, the next keystroke. `maxTokens` limits the kept tokens beyond
   * those of running requests: with a shared KV cache (`kvUnified`), every step of a stream scans
   * them, so a larger cache slows streams down. Batching changes floating-point rounding: without
   * the cache, a request that runs alone gives the same text bit for bit. No effect on models whose
   * state cannot be shared in part (recurrent models, sliding windows). Default true: 4096 tokens,
   * 1024 without flash attention, where the scan costs more, and no limit with separate parts; range
   * 1 to 2³¹-1.
   */
  readonly prefixCache?: boolean | { readonly maxTokens?: number };
  /**
   * Guesses tokens where a text repeats itself or its prompt; the model verifies up to `maxDraft` of
   * them in one step (default 16; range 1 to 64) and drops wrong guesses. The engine chooses the
   * length of a draft from measured speed and acceptance; with `adaptive: false` a draft is always as
   * long as allowed. Batching changes floating-point rounding, as beside other requests. Default
   * true.
   */
  readonly speculation?: boolean | { readonly maxDraft?: number; readonly adaptive?: boolean };
  /**
   * Path or URI of a smaller model with the same vocabulary. Its guesses are verified where the prompt
   * offers no guess; `speculation` limits their number. It takes memory for its own weights and KV
   * cache. Adapters do not apply to it.
   */
  readonly draftModel?: string;
  /**
   * Rearranges the weights for the CPU's matrix instructions: prompts are faster, but the copy takes
   * memory of the weights' size again. Default `"auto"`: on if free memory is at least twice the
   * file's size.
   */
  readonly repack?: boolean | "auto";
  /** LoRA adapters, all applied to requests without a `loras` option. At most 64. */
  readonly loras?: readonly LoraOptions[];
  /** Corrects what the model can do, where its file does not tell it or tells it wrongly. */
  readonly capabilities?: CapabilityOptions;
  /** Called with the progress of a download, if a model is named by a URI and has to be fetched. */
  readonly onDownload?: (progress: DownloadProgress) => void;
  /** Called with the loaded fraction, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
  /** Cancels the loading; `load` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const kvCacheType = oneOf("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl");
const booleanOrAuto = either(boolean, oneOf("auto"));
const threads = integer(1, 512);

/** The addon's form of an option that may be `"auto"`: undefined lets the addon decide. */
function unlessAuto(value: boolean | "auto"): boolean | undefined {
  return value === "auto" ? undefined : value;
}

/** The options of `load`. */
export const loadTable = {
  contextSize: {
    rule: integer(8, 2 ** 31 - 1),
    native: "same",
    defaultText: "the training length, if memory allows",
    flag: { value: "tokens", short: "-c" },
    doc: "hold this many tokens in the KV cache",
  },
  parallel: {
    rule: integer(1, 256),
    native: "same",
    default: 4,
    flag: { value: "number" },
    doc: "run this many sequences at once",
  },
  maxQueue: {
    rule: integer(0, 2 ** 31 - 1),
    native: "same",
    defaultText: "no limit",
    flag: { value: "number" },
    doc: "let this many requests wait and reject more",
  },
  batchSize: {
    rule: integer(1, 65_536),
    native: "same",
    default: 2048,
    doc: "compute at most this many tokens per step",
  },
  microBatchSize: {
    rule: integer(1, 65_536),
    native: "same",
    default: 512,
    doc: "compute at most this many tokens at once",
  },
  threads: {
    rule: threads,
    native: "same",
    defaultText: "the physical cores",
    flag: { value: "number", short: "-t" },
    doc: "decode with this many CPU threads",
  },
  prefillThreads: {
    rule: threads,
    native: "same",
    defaultText: "`threads`",
    doc: "compute prompts with this many CPU threads",
  },
  ...deviceTable,
  kvCacheType: {
    // A name or an object: kvCacheTypes() checks it.
    rule: anything,
    form: '"q8_0" and others, or { k, v }',
    native: (types, where) => kvCacheTypes(types, where),
    default: "f16",
    doc: "store keys and values in this type",
  },
  rope: {
    // ropeOptions() checks it.
    rule: anything,
    form: "{ base, scale, type, yarn }",
    native: (rope, where) => ({ rope: ropeOptions(rope, where) }),
    defaultText: "as in the file",
    doc: "stretch rotary positions to longer contexts",
  },
  flashAttention: {
    rule: booleanOrAuto,
    native: (value) => ({ flashAttention: unlessAuto(value) }),
    default: "auto",
    doc: "use flash attention",
  },
  kvUnified: {
    rule: booleanOrAuto,
    native: (value) => ({ kvUnified: unlessAuto(value) }),
    default: "auto",
    flag: { value: "when" },
    doc: "share the KV cache between sequences",
  },
  prefixCache: {
    // A boolean or an object: prefixCacheTokens() checks it.
    rule: anything,
    form: "true, false or { maxTokens }",
    native: (option, where) => ({ prefixCacheTokens: prefixCacheTokens(option, where) }),
    default: true,
    doc: "keep computed prompts for prompts that begin alike",
  },
  promptCacheBytes: {
    rule: integer(0, Number.MAX_SAFE_INTEGER),
    native: "same",
    default: 0,
    doc: "keep more prompts in this much host memory",
  },
  speculation: {
    // A boolean or an object: speculation() checks it.
    rule: anything,
    form: "true, false or { maxDraft, adaptive }",
    native: (option, where) => speculation(option, where),
    default: true,
    doc: "guess repeated text and verify several tokens a step",
  },
  draftModel: {
    rule: text,
    native: (path) => ({ draftModelPath: path }),
    doc: "guess with this smaller model of the same vocabulary",
  },
  useMmap: {
    rule: boolean,
    native: "same",
    default: true,
    doc: "map the file instead of reading it",
  },
  useMlock: { rule: boolean, native: "same", default: false, doc: "lock the weights in memory" },
  repack: {
    rule: booleanOrAuto,
    native: (value) => ({ repack: unlessAuto(value) }),
    default: "auto",
    doc: "rearrange weights for the CPU: faster, more memory",
  },
  warmup: { rule: boolean, native: "same", default: true, doc: "compute one token while loading" },
  vocabularyOnly: {
    rule: boolean,
    native: "same",
    default: false,
    doc: "load only the tokenizer and the metadata",
  },
  loras: {
    // readLoras() checks each adapter.
    rule: listOf(anything, 64),
    form: "[{ path, scale, name }]",
    native: (loras, where) => ({ loras: readLoras(loras, where) }),
    doc: "load these LoRA adapters",
  },
  capabilities: {
    options: capabilityTable,
    native: "none",
    defaultText: "as the file tells",
    doc: "correct what the model can do",
  },
  onDownload: {
    rule: callback,
    native: "none",
    doc: "call this function with { phase, bytes, total }",
  },
  onProgress: {
    rule: callback,
    native: "none",
    doc: "call this function with the loaded fraction",
  },
  signal: { rule: abortSignal, native: "none", doc: "cancel the loading" },
} as const satisfies NativeTable<LoadOptions, NativeLoadOptions>;

export const loadRules = rulesOf(loadTable);

const call = "CodeLlama.load()";

/**
 * Checks the options; returns the copy that all later code reads.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function checkLoadOptions(options: LoadOptions): LoadOptions {
  return checkOptions(options, loadRules, call);
}

/**
 * Options that `checkLoadOptions` returned, as the addon takes them. Absent options are absent, and
 * the addon's defaults (native/engine/base/options.h) apply to them.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function nativeLoadOptions(modelPath: unknown, options: LoadOptions): NativeLoadOptions {
  if (typeof modelPath !== "string" || modelPath === "" || modelPath.includes("\0")) {
    throw invalidArgument(
      `${call}: the model's path must be a string (got ${show(modelPath)})` +
        (readArgument(`${call}: path`, () => hrefOf(modelPath)) === undefined
          ? ""
          : "; pass fileURLToPath(url) of node:url"),
    );
  }
  const native: Partial<NativeLoadOptions> = nativeProperties({ ...options }, loadTable, call);
  const { kvTypeV } = native;
  if (options.flashAttention === false && kvTypeV !== undefined && !/^b?f\d+$/.test(kvTypeV)) {
    throw invalidArgument(
      `${call}: a V cache of type "${kvTypeV}" needs flash attention; leave flashAttention out, or ` +
        `keep V in f16`,
    );
  }
  return { ...native, modelPath };
}

function kvCacheTypes(
  option: NonNullable<LoadOptions["kvCacheType"]>,
  where: string,
): Pick<NativeLoadOptions, "kvTypeK" | "kvTypeV"> {
  const place = `${where}: kvCacheType`;
  if (typeof option === "object") {
    const { k, v } = checkOptions(option, { k: kvCacheType, v: kvCacheType }, place);
    return { kvTypeK: k, kvTypeV: v };
  }
  checkValue(option, kvCacheType, place);
  return { kvTypeK: option, kvTypeV: option };
}

function prefixCacheTokens(
  option: NonNullable<LoadOptions["prefixCache"]>,
  where: string,
): number | undefined {
  const place = `${where}: prefixCache`;
  if (typeof option === "object") {
    return checkOptions(option, { maxTokens: integer(1, 2 ** 31 - 1) }, place).maxTokens;
  }
  checkValue(option, boolean, place);
  return option === false ? 0 : undefined;
}

function speculation(
  option: NonNullable<LoadOptions["speculation"]>,
  where: string,
): Pick<NativeLoadOptions, "maxDraft" | "adaptiveDraft"> {
  const place = `${where}: speculation`;
  if (typeof option === "object") {
    const rules = { maxDraft: integer(1, 64), adaptive: boolean };
    const { maxDraft, adaptive } = checkOptions(option, rules, place);
    return { maxDraft, adaptiveDraft: adaptive };
  }
  checkValue(option, boolean, place);
  return option === false ? { maxDraft: 0 } : {};
}

const loraRules = { path: required(text), scale: number(-100, 100), name: text };

function readLoras(loras: readonly LoraOptions[], where: string): NativeLora[] {
  const names = new Set<string>();
  return loras.map((lora, index) => {
    const place = `${where}: loras[${index}]`;
    const checked = checkOptions(lora, loraRules, place);
    const { path, scale = 1, name = basename(path, ".gguf") } = checked;
    if (names.has(name)) {
      throw invalidArgument(`${place}: the name ${show(name)} is taken; give another name`);
    }
    names.add(name);
    return { path, scale, name };
  });
}
