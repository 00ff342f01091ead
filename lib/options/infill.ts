import { invalidArgument } from "../base/arguments.ts";
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
import { type CompletionOption, choiceRules, type GenerateOptions, type Mode } from "./generate.ts";
import type { StructureOptions } from "./structure.ts";

/** A text with a hole, and how the model gets to see it. */
export interface InfillInput {
  /** Everything before the hole. */
  readonly prefix: string;
  /** Everything behind it. */
  readonly suffix: string;
  /** As `InfillOptions.order`, which it overrides. */
  readonly order?: "auto" | "psm" | "spm";
}

/** Another file of the same repository. */
export interface ContextFile {
  readonly path: string;
  readonly text: string;
}

/** How to fill a hole. Temperature and topP are those of a completion: 0.2 and 0.95. */
export interface InfillOptions
  extends Omit<
    GenerateOptions,
    CompletionOption | keyof StructureOptions | "beams" | "lengthPenalty" | "overflow"
  > {
  /** New tokens for each hole at most. Default 512. */
  readonly maxTokens?: number;
  /**
   * Whether the model sees the prefix first (`"psm"`) or the suffix (`"spm"`). Suffix first is
   * better for whole lines and keeps the KV cache while somebody types; where the prefix ends
   * inside a word it needs token healing. Default `"auto"`: suffix first, but prefix first inside
   * a line without token healing.
   */
  readonly order?: "auto" | "psm" | "spm";
  /** Ends at the first line break. Default false. */
  readonly singleLine?: boolean;
  /**
   * With the suffix first, lets the model write the prefix's last token anew: it may be the first
   * half of a longer one. That token then counts as a new one, and `tokens` begins with what is
   * written for it. Default true.
   */
  readonly tokenHealing?: boolean;
  /** `"overlap"` takes off an end that repeats the suffix's beginning. Default `"none"`. */
  readonly trim?: "none" | "overlap";
  /**
   * What to do with texts that leave no room in the context for `maxTokens` (or a quarter of the
   * context, where that is less): `"truncate"`, the default, keeps the end of the prefix and the
   * beginning of the suffix, in whole lines, three parts to one; `"error"` refuses them.
   */
  readonly overflow?: "truncate" | "error";
  /**
   * Other files of the repository, the nearest first; they stand before the prefix, each under a
   * comment with its path, or as the model was taught where it has tokens for files. At most 10000.
   */
  readonly context?: readonly ContextFile[];
  /** Path of the file itself, for models that have tokens for files. */
  readonly path?: string;
  /** Tokens of `context` at most. Default: a quarter of the context. Range 0 to 2³¹-1. */
  readonly contextTokens?: number;
}

const infillOrder = oneOf("auto", "psm", "spm");

const contextFile: Rule = {
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

export const infillMode: Mode = {
  rules: {
    order: infillOrder,
    singleLine: boolean,
    tokenHealing: boolean,
    trim: oneOf("none", "overlap"),
    overflow: oneOf("truncate", "error"),
    context: listOf(contextFile, 10_000),
    path: text,
    contextTokens: integer(0, 2 ** 31 - 1),
    ...choiceRules,
  },
  defaults: { maxTokens: 512 },
};

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
      `${where}: prefix and suffix must have at most ${longestText} characters together, not ${length}`,
    );
  }
  return { texts: [prefix, suffix], order };
}
