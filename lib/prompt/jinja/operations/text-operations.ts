import { strippedRange, whiteSpace } from "../../strip.ts";
import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { Text, TextBuilder } from "../values/text.ts";

// Python's string operations that methods and filters share. Positions are in UTF-16 units.

/** A part of a text: from `start` up to, but not including, `end`. */
type Range = readonly [start: number, end: number];

/**
 * Python's strip(), lstrip() and rstrip().
 * @param characters - what to remove; undefined removes white space
 */
export function strip(
  text: Text,
  characters: string | undefined,
  side: "both" | "start" | "end",
): Text {
  const [start, end] =
    characters === undefined ? strippedRange(text.value) : rangeWithout(text.value, characters);
  return text.slice(side === "end" ? 0 : start, side === "start" ? text.value.length : end);
}

function rangeWithout(text: string, characters: string): Range {
  const removed = new Set(characters);
  let start = 0;
  let end = text.length;
  while (start < end && removed.has(characterAt(text, start))) {
    start += characterAt(text, start).length;
  }
  while (end > start && removed.has(characterBefore(text, end))) {
    end -= characterBefore(text, end).length;
  }
  return [start, Math.max(start, end)];
}

function characterAt(text: string, position: number): string {
  return String.fromCodePoint(text.codePointAt(position) ?? 0);
}

function characterBefore(text: string, position: number): string {
  const pair = text.slice(Math.max(0, position - 2), position);
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(pair) ? pair : pair.slice(-1);
}

/** Python's find() and rfind(), but in UTF-16 units. -1 if `part` is not in the text. */
export function find(text: Text, part: Text, fromEnd: boolean, budget: Budget): number {
  budget.spendSearch(text.value, part.value);
  return fromEnd ? text.value.lastIndexOf(part.value) : text.value.indexOf(part.value);
}

/**
 * Python's split() and rsplit().
 * @param separator - undefined splits at runs of white space
 * @param maxSplits - negative for no limit
 * @param fromEnd - whether the limit counts from the end, as in rsplit()
 */
export function split(
  text: Text,
  separator: string | undefined,
  maxSplits: number,
  fromEnd: boolean,
  budget: Budget,
): Text[] {
  const found =
    separator === undefined
      ? whiteSpaceRuns(text.value, budget)
      : matches(text.value, separator, budget);
  const cuts = limitCuts(found, maxSplits, fromEnd);
  const parts: Text[] = [];
  let position = 0;
  for (const [start, end] of cuts) {
    budget.spend(4);
    parts.push(text.slice(position, start));
    position = end;
  }
  parts.push(text.slice(position));
  if (separator !== undefined) return parts;
  // When the limit is reached, the rest keeps the white space on its outer side.
  const isLimitReached = cuts.length === maxSplits;
  return trimParts(parts, isLimitReached && fromEnd, isLimitReached && !fromEnd);
}

function limitCuts(cuts: readonly Range[], limit: number, fromEnd: boolean): readonly Range[] {
  if (limit < 0) return cuts;
  return fromEnd ? cuts.slice(Math.max(0, cuts.length - limit)) : cuts.slice(0, limit);
}

/** Strips the outer ends of a split at white space, and drops empty parts. */
function trimParts(parts: Text[], keepsStart: boolean, keepsEnd: boolean): Text[] {
  const [first = new Text("")] = parts;
  if (!keepsStart) parts[0] = strip(first, undefined, "start");
  const last = parts.length - 1;
  if (!keepsEnd) parts[last] = strip(parts[last] ?? first, undefined, "end");
  return parts.filter(({ value }) => value !== "");
}

/** Runs of white space inside a text. Excludes those at its start and end. */
function whiteSpaceRuns(text: string, budget: Budget): Range[] {
  budget.spendUnits(text.length);
  const [first, last] = strippedRange(text);
  const found: Range[] = [];
  for (let at = first; at < last; ) {
    if (!whiteSpace.has(text.charAt(at))) {
      at++;
      continue;
    }
    const start = at;
    while (whiteSpace.has(text.charAt(at))) at++;
    found.push([start, at]);
    budget.spend(4);
  }
  budget.spendItems(found.length);
  return found;
}

/** @throws TemplateError for an empty part */
function matches(text: string, part: string, budget: Budget): Range[] {
  if (part === "") throw new TemplateError("empty separator");
  budget.spendSearch(text, part);
  const found: Range[] = [];
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) {
    found.push([at, at + part.length]);
    budget.spend(4);
  }
  budget.spendItems(found.length);
  return found;
}

/**
 * Python's replace(). An empty `old` matches before each character and at the end.
 * @param maxCount - negative for no limit
 */
export function replace(
  text: Text,
  old: Text,
  replacement: Text,
  maxCount: number,
  budget: Budget,
): Text {
  if (old.value === "") budget.spendItems(text.value.length + 1);
  const found =
    old.value === "" ? betweenCharacters(text.value) : matches(text.value, old.value, budget);
  const cuts = limitCuts(found, maxCount, false);
  budget.spendUnits(cuts.length * replacement.value.length);
  budget.checkUnits(text.value.length + cuts.length * replacement.value.length);
  budget.spend((cuts.length * replacement.input.length) / 2);
  const replaced = new TextBuilder();
  let position = 0;
  for (const [start, end] of cuts) {
    replaced.add(text.slice(position, start));
    replaced.add(replacement);
    position = end;
  }
  replaced.add(text.slice(position));
  return replaced.build();
}

function betweenCharacters(text: string): Range[] {
  const found: Range[] = [[0, 0]];
  let position = 0;
  for (const character of text) {
    position += character.length;
    found.push([position, position]);
  }
  return found;
}

/** Python's capitalize(). */
export function capitalize(text: Text): Text {
  if (text.value === "") return text;
  const firstLength = characterAt(text.value, 0).length;
  return Text.join([
    text.slice(0, firstLength).map((run) => run.toUpperCase()),
    text.slice(firstLength).map((run) => run.toLowerCase()),
  ]);
}

/** Python's title(): a letter is upper case unless another letter comes before it. */
export function titleCase(text: Text, budget: Budget): Text {
  budget.spend(3 * text.value.length);
  let isAfterLetter = false;
  return text.map((run) =>
    run.replace(/./gsu, (character) => {
      const cased = isAfterLetter ? character.toLowerCase() : character.toUpperCase();
      isAfterLetter = /\p{L}/u.test(character);
      return cased;
    }),
  );
}

const lineEnds: ReadonlySet<string> = new Set("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029");

/** Python's splitlines(). */
export function splitLines(text: Text, keepsEnds: boolean, budget: Budget): Text[] {
  const { value } = text;
  budget.spendUnits(value.length);
  const lines: Text[] = [];
  let position = 0;
  for (let at = 0; at < value.length; at++) {
    if (!lineEnds.has(value.charAt(at))) continue;
    budget.spend(4);
    const end = value.startsWith("\r\n", at) ? at + 2 : at + 1;
    lines.push(text.slice(position, keepsEnds ? end : at));
    position = end;
    at = end - 1;
  }
  if (position < value.length) lines.push(text.slice(position));
  budget.spendItems(lines.length);
  return lines;
}

const characterClasses = {
  digit: /^\p{Nd}+$/u,
  numeric: /^\p{N}+$/u,
  alpha: /^\p{L}+$/u,
  alnum: /^[\p{L}\p{N}]+$/u,
} as const;

export type CharacterClass = keyof typeof characterClasses | "space" | "lower" | "upper";

/** Python's isdigit(), isspace() and so on. False for an empty text. */
export function isOfClass(text: string, characterClass: CharacterClass): boolean {
  switch (characterClass) {
    case "space":
      return text !== "" && strippedRange(text)[0] === text.length;
    case "lower":
      return text === text.toLowerCase() && text !== text.toUpperCase();
    case "upper":
      return text === text.toUpperCase() && text !== text.toLowerCase();
    default:
      return characterClasses[characterClass].test(text);
  }
}
