import type { ContextFile } from "../prompt/repository-context.ts";
import { boolean, checkOptions, integer, invalidArgument, oneOf, show, text } from "./check.ts";
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
   * comment with its path, or as the model was taught where it has tokens for files.
   */
  readonly context?: readonly ContextFile[];
  /** Path of the file itself, for models that have tokens for files. */
  readonly path?: string;
  /** Tokens of `context` at most. Default: a quarter of the context. Range 0 to 2³¹-1. */
  readonly contextTokens?: number;
}

export const infillMode: Mode = {
  rules: {
    order: oneOf("auto", "psm", "spm"),
    singleLine: boolean,
    tokenHealing: boolean,
    trim: oneOf("none", "overlap"),
    overflow: oneOf("truncate", "error"),
    context: {
      allowed: "an array of { path, text }",
      accepts: (value) => Array.isArray(value) && value.every(isContextFile),
    },
    path: text,
    contextTokens: integer(0, 2 ** 31 - 1),
    ...choiceRules,
  },
  defaults: { maxTokens: 512 },
};

function isContextFile(value: unknown): value is ContextFile {
  const file = Object(value) as Record<string, unknown>;
  return typeof file.path === "string" && typeof file.text === "string";
}

/** What stands between holes; the first that a text contains is the one that counts. */
const markers = ["<FILL_ME>", "<FILL>"];

/**
 * The texts around the holes: at least two.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function readHoles(input: string | InfillInput, where: string): readonly string[] {
  if (typeof input === "string") {
    const marker = markers.find((each) => input.includes(each));
    if (marker === undefined) {
      throw invalidArgument(
        `${where}: the text must contain ${markers.join(" or ")} where it is to be filled; ` +
          "or give { prefix, suffix }",
      );
    }
    return input.split(marker);
  }
  checkOptions(
    input,
    { prefix: anyText, suffix: anyText, order: oneOf("auto", "psm", "spm") },
    `${where}: input`,
  );
  for (const name of ["prefix", "suffix"] as const) {
    if (typeof input[name] !== "string") {
      throw invalidArgument(`${where}: ${name} must be a string, not ${show(input[name])}`);
    }
  }
  return [input.prefix, input.suffix];
}

const anyText = {
  allowed: "a string",
  accepts: (value: unknown) => typeof value === "string",
};
