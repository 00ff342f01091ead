import { basename } from "node:path";
import { invalidArgument, readArgument, show } from "../base/arguments.ts";
import { hrefOf } from "../base/brands.ts";
import type { NativeLoadOptions, NativeLora } from "../native/binding.ts";
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
  type Rules,
  text,
} from "./check.ts";
import { type DeviceOptions, deviceOptions, deviceRules } from "./device.ts";
import { type RopeOptions, ropeOptions } from "./rope.ts";

/** How keys or values are stored in the KV cache: fewer bits take less memory, at some loss. */
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

/** A LoRA adapter in GGUF format, made for the model that is loaded. */
export interface LoraOptions {
  readonly path: string;
  /** Strength: 0 is off, 1 as trained. Default 1; range -100 to 100. */
  readonly scale?: number;
  /** For the `loras` of a request. Default: the file's name without `.gguf`. */
  readonly name?: string;
}

export interface LoadOptions extends DeviceOptions {
  /**
   * Tokens that the KV cache holds, all sequences together; what one may use of them, `kvUnified`
   * says. Default: the length the model was trained at, or that for each sequence where they are
   * divided, but no more than half of the free memory holds, nor than fits beside the
   * layers on GPUs. Range 8 to 2³¹-1; rounded up to a multiple of 256.
   */
  readonly contextSize?: number;
  /** Sequences that run at once; further requests wait. Default 4; range 1 to 256. */
  readonly parallel?: number;
  /**
   * Requests that may wait while `parallel` others run; a further one rejects with `QUEUE_FULL`.
   * Default: any number; range 0 to 2³¹-1.
   */
  readonly maxQueue?: number;
  /** Tokens of one step at most. Default 2048; range 1 to 65536. */
  readonly batchSize?: number;
  /** Tokens that the device computes in one go. Default 512; range 1 to 65536. */
  readonly microBatchSize?: number;
  /**
   * CPU threads while decoding. Default: the physical cores that this process may use (SMT
   * siblings count once), within the CPU quota of its container; 1 where all layers are on a GPU.
   * Range 1 to 512.
   */
  readonly threads?: number;
  /** CPU threads while computing prompts. Default: as `threads`. */
  readonly prefillThreads?: number;
  /** Type of the KV cache, or of its keys and values. Default `"f16"`. */
  readonly kvCacheType?: KvCacheType | { readonly k?: KvCacheType; readonly v?: KvCacheType };
  /** Rotary positions, to read longer contexts than the model was trained with. Default: as in the file. */
  readonly rope?: RopeOptions;
  /**
   * Default `"auto"`: on where the backend has it, but off on an x86 CPU for heads whose size is no
   * multiple of 64, which it makes slow. A quantised V cache needs it.
   */
  readonly flashAttention?: boolean | "auto";
  /**
   * Whether all sequences share the tokens of `contextSize` (true), so that one may use all of them
   * and common beginnings are kept once, or each has its part, `contextSize / parallel` (false):
   * many independent streams are faster then, as none looks at what belongs to another, and common
   * beginnings are copied. Default `"auto"`: divided for 8 sequences and more, if each gets at least
   * 4,096 tokens or the length the model was trained at.
   */
  readonly kvUnified?: boolean | "auto";
  /**
   * Keeps what is computed for prompts that begin alike, as far as the KV cache has room: the next
   * turn of a chat, the next keystroke. Reused tokens were computed in other company and are
   * rounded differently; without it, a request that runs alone gives the same text bit for bit.
   * `maxTokens` is what is kept beyond what running requests hold: where sequences share the KV
   * cache (`kvUnified`), every step of a stream looks at it in passing, so that more of it slows
   * streams down. Without effect on models whose state cannot be shared in part (recurrent ones,
   * sliding windows). Default true: 4096 tokens, 1024 without flash attention, where the look costs
   * more, and any number where the KV cache is divided; range 1 to 2³¹-1.
   */
  readonly prefixCache?: boolean | { readonly maxTokens?: number };
  /**
   * Bytes of host memory for what `prefixCache` has no room for: it comes back without computing.
   * Taking it out costs the time of a copy. Default 0: none; range 0 to 2⁵³-1.
   */
  readonly promptCacheBytes?: number;
  /**
   * Guesses tokens where a text repeats itself or its prompt, and lets the model verify up to
   * `maxDraft` of them in one step (default 16; range 1 to 64); what the model would not have said
   * is dropped. Drafts are as long as it pays by measured speed and acceptance; with `adaptive:
   * false`, always as long as allowed. Tokens computed together are rounded differently, as beside
   * other requests. Default true.
   */
  readonly speculation?: boolean | { readonly maxDraft?: number; readonly adaptive?: boolean };
  /**
   * Path of a smaller model with the same vocabulary, whose guesses are verified where prompt
   * lookup has none; `speculation` says how many at most. It takes memory for its own weights and
   * KV cache. Adapters do not apply to it.
   */
  readonly draftModel?: string;
  /** Maps the file instead of reading it: fast to load, shared between processes. Default true. */
  readonly useMmap?: boolean;
  /** Keeps the weights from being swapped out. Default false. */
  readonly useMlock?: boolean;
  /**
   * Rearranges the weights for the CPU's matrix instructions: faster prompts, but the rearranged
   * copy takes the weights' size of memory again. Default `"auto"`: yes, if at least twice the
   * file's size of memory is free.
   */
  readonly repack?: boolean | "auto";
  /**
   * Computes one token before `load` resolves, so that the first request does not wait for weights
   * to be paged in and devices to be set up. Default true.
   */
  readonly warmup?: boolean;
  /** Loads the tokenizer and the metadata alone; nothing can be generated. Default false. */
  readonly vocabularyOnly?: boolean;
  /** LoRA adapters, all applied to requests that do not say otherwise. At most 64. */
  readonly loras?: readonly LoraOptions[];
  /** Called with the fraction loaded, from 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
  /** Cancels the loading; `load` then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const kvCacheType = oneOf("f32", "f16", "bf16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl");
const auto = oneOf("auto");
const threads = integer(1, 512);

export const loadRules: Rules = {
  contextSize: integer(8, 2 ** 31 - 1),
  parallel: integer(1, 256),
  maxQueue: integer(0, 2 ** 31 - 1),
  batchSize: integer(1, 65536),
  microBatchSize: integer(1, 65536),
  threads,
  prefillThreads: threads,
  ...deviceRules,
  kvCacheType: anything, // a name or an object: checkKvCacheType()
  rope: anything, // ropeOptions()
  flashAttention: either(boolean, auto),
  kvUnified: either(boolean, auto),
  prefixCache: anything, // true, false or an object: prefixCacheTokens()
  promptCacheBytes: integer(0, Number.MAX_SAFE_INTEGER),
  speculation: anything, // true, false or an object: speculation()
  draftModel: text,
  useMmap: boolean,
  useMlock: boolean,
  repack: either(boolean, auto),
  warmup: boolean,
  vocabularyOnly: boolean,
  loras: listOf(anything, 64), // readLoras() names the element
  onProgress: callback,
  signal: abortSignal,
};

const where = "CodeLlama.load()";

/**
 * Checks the options; returns the copy that everything after it reads.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function checkLoadOptions(options: LoadOptions): LoadOptions {
  return checkOptions(options, loadRules, where);
}

/**
 * Options that `checkLoadOptions` let pass, as the addon takes them; what is left out is the addon's
 * default (native/engine/base/options.h).
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function nativeLoadOptions(modelPath: unknown, options: LoadOptions): NativeLoadOptions {
  if (typeof modelPath !== "string" || modelPath === "" || modelPath.includes("\0")) {
    throw invalidArgument(
      `${where}: the model's path must be a string, not ${show(modelPath)}` +
        (readArgument(`${where}: path`, () => hrefOf(modelPath)) === undefined
          ? ""
          : "; pass fileURLToPath(url) of node:url"),
    );
  }
  const { k, v } = kvCacheTypes(options.kvCacheType);
  if (options.flashAttention === false && v !== undefined && !/^b?f\d+$/.test(v)) {
    throw invalidArgument(
      `${where}: a V cache of type "${v}" needs flash attention; leave flashAttention out, or ` +
        `keep V in f16`,
    );
  }
  return {
    modelPath,
    contextSize: options.contextSize,
    parallel: options.parallel,
    maxQueue: options.maxQueue,
    batchSize: options.batchSize,
    microBatchSize: options.microBatchSize,
    threads: options.threads,
    prefillThreads: options.prefillThreads,
    ...deviceOptions(options, where),
    kvTypeK: k,
    kvTypeV: v,
    rope: ropeOptions(options.rope, where),
    flashAttention: options.flashAttention === "auto" ? undefined : options.flashAttention,
    kvUnified: options.kvUnified === "auto" ? undefined : options.kvUnified,
    prefixCacheTokens: prefixCacheTokens(options.prefixCache),
    promptCacheBytes: options.promptCacheBytes,
    ...speculation(options.speculation),
    draftModelPath: options.draftModel,
    useMmap: options.useMmap,
    useMlock: options.useMlock,
    repack: options.repack === "auto" ? undefined : options.repack,
    warmup: options.warmup,
    vocabularyOnly: options.vocabularyOnly,
    loras: options.loras && readLoras(options.loras),
  };
}

interface KvCacheTypes {
  readonly k?: KvCacheType;
  readonly v?: KvCacheType;
}

function kvCacheTypes(option: LoadOptions["kvCacheType"]): KvCacheTypes {
  const place = `${where}: kvCacheType`;
  if (typeof option === "object") {
    return checkOptions<KvCacheTypes>(option, { k: kvCacheType, v: kvCacheType }, place);
  }
  if (option === undefined) return {};
  checkValue(option, kvCacheType, place);
  return { k: option, v: option };
}

function prefixCacheTokens(option: LoadOptions["prefixCache"]): number | undefined {
  const place = `${where}: prefixCache`;
  if (typeof option === "object") {
    return checkOptions(option, { maxTokens: integer(1, 2 ** 31 - 1) }, place).maxTokens;
  }
  if (option !== undefined) checkValue(option, boolean, place);
  return option === false ? 0 : undefined;
}

function speculation(
  option: LoadOptions["speculation"],
): Pick<NativeLoadOptions, "maxDraft" | "adaptiveDraft"> {
  const place = `${where}: speculation`;
  if (typeof option === "object") {
    const rules = { maxDraft: integer(1, 64), adaptive: boolean };
    const { maxDraft, adaptive } = checkOptions(option, rules, place);
    return { maxDraft, adaptiveDraft: adaptive };
  }
  if (option !== undefined) checkValue(option, boolean, place);
  return option === false ? { maxDraft: 0 } : {};
}

function readLoras(loras: readonly LoraOptions[]): NativeLora[] {
  const names = new Set<string>();
  return loras.map((lora, index) => {
    const place = `${where}: loras[${index}]`;
    const rules = { path: text, scale: number(-100, 100), name: text };
    const { path, scale = 1, name = basename(path, ".gguf") } = checkLora(lora, rules, place);
    if (names.has(name)) {
      throw invalidArgument(`${place}: the name ${show(name)} is taken; give another name`);
    }
    names.add(name);
    return { path, scale, name };
  });
}

function checkLora(lora: LoraOptions, rules: Rules, place: string): LoraOptions {
  const checked = checkOptions(lora, rules, place);
  if (checked.path === undefined) throw invalidArgument(`${place}: path is missing`);
  return checked;
}
