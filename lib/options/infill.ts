import { invalidArgument } from "../base/arguments.ts";
import type { NativeRequest } from "../native/binding.ts";
import {
  anyText,
  boolean,
  checkOptions,
  checkValue,
  integer,
  listOf,
  longestText,
  oneOf,
  type Rule,
  type Rules,
  text,
} from "./check.ts";
import { type SharedOptions, sharedTable } from "./shared.ts";
import type { NativeTable } from "./table.ts";

/** A text with a hole. */
export interface InfillInput {
  /** The text before the hole. */
  readonly prefix: string;
  /** The text after the hole. */
  readonly suffix: string;
  /** Overrides `InfillOptions.order`. */
  readonly order?: "auto" | "psm" | "spm";
}

/** Another file of the same repository. */
export interface ContextFile {
  readonly path: string;
  readonly text: string;
}

/** How to fill a hole. */
export interface InfillOptions extends SharedOptions {
  /** Maximum number of new tokens per hole. Default 512. */
  readonly maxTokens?: number;
  /**
   * Whether the model sees the prefix first (`"psm"`) or the suffix first (`"spm"`). Suffix first is
   * better for whole lines and keeps the KV cache while somebody types; where the prefix ends inside
   * a word it needs token healing. Default `"auto"`: suffix first, except inside a line without
   * token healing.
   */
  readonly order?: "auto" | "psm" | "spm";
  /** Ends at the first line break. Default false. */
  readonly singleLine?: boolean;
  /**
   * With the suffix first, generates the prefix's last token again: it may be the first half of a
   * longer token. The token then counts as new, and `tokens` begins with its replacement. Default
   * true.
   */
  readonly tokenHealing?: boolean;
  /** `"overlap"` removes an end that repeats the beginning of the suffix. Default `"none"`. */
  readonly trim?: "none" | "overlap";
  /**
   * What happens to texts that leave no room in the context for `maxTokens` (or for a quarter of the
   * context, if that is less): `"truncate"`, the default, keeps the end of the prefix and the
   * beginning of the suffix, in whole lines, three parts to one; `"error"` rejects them.
   */
  readonly overflow?: "truncate" | "error";
  /**
   * Other files of the repository, nearest first. They come before the prefix, each under a comment
   * with its path, or in the model's own form if it has tokens for files. At most 10000.
   */
  readonly context?: readonly ContextFile[];
  /** Path of the file itself, for models with tokens for files. */
  readonly path?: string;
  /** Maximum number of tokens of `context`. Default: a quarter of the context. Range 0 to 2³¹-1. */
  readonly contextTokens?: number;
}

const infillOrder = oneOf("auto", "psm", "spm");

const contextFile: Rule<ContextFile> = {
  allowed: "{ path, text }",
  copy(value) {
    const { path, text } = Object(value) as Partial<ContextFile>;
    return { path, text };
  },
  accepts(value) {
    const { path, text } = value as Partial<ContextFile>;
    return typeof path === "string" && typeof text === "string";
  },
};

/** The options of `infill`. */
export const infillTable = {
  ...sharedTable,
  maxTokens: { ...sharedTable.maxTokens, default: 512 },
  order: {
    rule: infillOrder,
    native: "none",
    default: "auto",
    flag: { value: "order" },
    doc: "show the prefix first (psm) or the suffix first (spm)",
  },
  tokenHealing: {
    rule: boolean,
    native: "same",
    // No value: lib/modes/infill.ts turns it off for engines that cannot heal tokens.
    defaultText: "true",
    doc: "generate the prefix's last token again",
  },
  singleLine: {
    rule: boolean,
    native: "none",
    default: false,
    flag: {},
    doc: "end at the first line break",
  },
  trim: {
    rule: oneOf("none", "overlap"),
    native: "none",
    default: "none",
    doc: "remove an end that repeats the suffix",
  },
  overflow: {
    rule: oneOf("truncate", "error"),
    native: "none",
    default: "truncate",
    doc: "truncate or reject texts that are too long",
  },
  context: {
    rule: listOf(contextFile, 10_000),
    form: "[{ path, text }]",
    native: "none",
    doc: "show other files of the repository",
  },
  contextTokens: {
    rule: integer(0, 2 ** 31 - 1),
    native: "none",
    defaultText: "a quarter of the context",
    doc: "give other files at most this many tokens",
  },
  path: { rule: text, native: "none", doc: "name the file itself" },
} as const satisfies NativeTable<InfillOptions, NativeRequest>;

/** What stands between holes; the first that a text contains is the one that counts. */
const markers = ["<FILL_ME>", "<FILL>"];

/** A text with holes, taken apart. */
export interface Holes {
  /** The texts around the holes: at least two. */
  readonly texts: readonly string[];
  readonly order?: "auto" | "psm" | "spm" | undefined;
}

const inputRules: Rules = { prefix: anyText, suffix: anyText, order: infillOrder };

/** Whether a text marks a hole. */
export function hasHole(text: string): boolean {
  return markers.some((each) => text.includes(each));
}

/**
 * Checks and copies what is to be filled.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function readHoles(input: string | InfillInput, where: string): Holes {
  if (typeof input === "string") {
    checkValue(input, anyText, `${where}: input`);
    const marker = markers.find((each) => input.includes(each));
    if (marker === undefined) {
      throw invalidArgument(
        `${where}: the text must contain ${markers.join(" or ")} where it is to be filled; ` +
          "or give { prefix, suffix }",
      );
    }
    return { texts: input.split(marker) };
  }
  const { prefix, suffix, order } = checkOptions(input, inputRules, `${where}: input`);
  checkValue(prefix, anyText, `${where}: prefix`);
  checkValue(suffix, anyText, `${where}: suffix`);
  const length = prefix.length + suffix.length;
  if (length > longestText) {
    throw invalidArgument(
      `${where}: prefix and suffix must have at most ${longestText} characters together (got ${length})`,
    );
  }
  return { texts: [prefix, suffix], order };
}
