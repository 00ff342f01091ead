import { invalidArgument } from "../base/arguments.ts";
import type { NativeRequest } from "../native/binding.ts";
import { either, listOf, oneOf, type Rule, textUpTo } from "./check.ts";
import { type Pattern, patternOf, regExpUpTo } from "./regular-expression.ts";
import type { NativeTable } from "./table.ts";

/** A usual end of code: see `StopOptions.stopAt`. */
export type StopPreset = "fence" | "dedent" | "function";

/** What ends a generation besides the model's own end tokens. The result excludes the match. */
export interface StopOptions {
  /**
   * Texts and regular expressions that end the generation. The match that is complete first in the
   * text wins, and the longest of several that are complete together. A regular expression is
   * complete with its shortest match: `/\n\S/` ends with one character.
   *
   * Regular expressions follow the rules of `regex`. Each must match at least one character. With the
   * flag `m`, `^` and `$` are the ends of lines; without it, `^` is the start of the generated text,
   * and `$` is refused. Text that may become a match is held back, up to 16 KiB: of a longer match,
   * the first part is shown. An expression that needs more than 2,000 states rejects with
   * `INVALID_GRAMMAR`. At most 64 texts and expressions, 16 of them expressions, of 4,096 characters
   * each.
   */
  readonly stop?: string | RegExp | readonly (string | RegExp)[];
  /** Sources of further regular expressions for `stop`. `(?i:…)` sets flags. */
  readonly stopRegex?: string | readonly string[];
  /**
   * Usual ends of code, for base models, which do not end by themselves: `"fence"` is a line that
   * closes a block of Markdown; `"dedent"` is a line that is indented less than the first line, which
   * the prompt may have begun; `"function"` is the next `def`, class, function or decorator without
   * indentation. Blank lines before the end are cut, too. These names are not values of `stop`, where
   * they are texts. `chat` refuses `"dedent"`.
   */
  readonly stopAt?: StopPreset | readonly StopPreset[];
}

const stopText = textUpTo(4096);
const stopTexts = either(stopText, listOf(stopText, 64));
const stopItem = either(stopText, regExpUpTo(4096));
const preset = oneOf("fence", "dedent", "function");

const stopRule: Rule<NonNullable<StopOptions["stop"]>> = {
  ...either(stopItem, listOf(stopItem, 64)),
  // In JSON and on the command line there are only texts.
  ...(stopTexts.schema && { schema: stopTexts.schema }),
};

/** The options of `StopOptions`. Beside `stop`, `stopPatterns()` and `dedentBelow()` read them. */
export const stopTable = {
  stop: {
    rule: stopRule,
    form: "text, RegExp, or array of them",
    native: (stop) => {
      const texts = listed(stop).filter((each) => typeof each === "string");
      return texts.length === 0 ? {} : { stop: texts };
    },
    off: [[], ""],
    field: "stop",
    flag: { value: "text" },
    doc: "end before this text",
  },
  stopRegex: {
    rule: either(stopText, listOf(stopText, 16)),
    native: "none",
    off: [[], ""],
    field: "stop_regex",
    flag: { value: "pattern" },
    doc: "end before a match of this regular expression",
  },
  stopAt: {
    rule: either(preset, listOf(preset, 3)),
    native: "none",
    off: [[]],
    field: "stop_at",
    flag: { value: "place" },
    doc: "end before a usual end of code",
  },
} as const satisfies NativeTable<StopOptions, NativeRequest>;

const mostPatterns = 16;

// Words that begin a function or a class without indentation in common languages.
const modifiers = "async|export|default|pub|public|private|protected|static|abstract|final";
const kinds = "def|class|function|func|fn|interface|struct|enum|impl|trait|module|namespace";

const presetPatterns: ReadonlyMap<StopPreset, Pattern> = new Map([
  ["fence", patternOf(/\s*\n[ \t]*(?:```+|~~~+)[ \t]*[\r\n]/)],
  ["function", patternOf(new RegExp(`\\s*\\n(?:@\\w|(?:(?:${modifiers}) )*(?:${kinds})[ *])`))],
]);

/**
 * The patterns that end a text.
 * @throws CodeLlamaError `INVALID_ARGUMENT`
 */
export function stopPatterns(
  { stop = [], stopRegex = [], stopAt = [] }: StopOptions,
  where: string,
): readonly Pattern[] {
  const patterns = [
    ...listed(stop).filter((each) => typeof each !== "string"),
    ...listed(stopRegex),
  ].map(patternOf);
  if (patterns.length > mostPatterns) {
    throw invalidArgument(
      `${where}: stop and stopRegex must have at most ${mostPatterns} regular expressions together (got ${patterns.length})`,
    );
  }
  return [...patterns, ...listed(stopAt).flatMap((each) => presetPatterns.get(each) ?? [])];
}

/**
 * The line that a text continues if `stopAt` names `"dedent"`; else undefined.
 * @param before - returns the text before the generated text
 */
export function dedentBelow(
  { stopAt = [] }: StopOptions,
  before: () => string,
): string | undefined {
  if (!listed(stopAt).includes("dedent")) return undefined;
  const text = before();
  return text.slice(text.lastIndexOf("\n") + 1);
}

function listed<Value extends string | RegExp>(value: Value | readonly Value[]): readonly Value[] {
  return Array.isArray(value) ? value : [value as Value];
}
