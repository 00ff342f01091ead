import { strippedRange, whiteSpace } from "../../strip.ts";
import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { Text, TextBuilder } from "../values/text.ts";

export function strip(text: Text, chars: string | undefined, side: "both" | "start" | "end"): Text {
  const range = chars === undefined ? strippedRange(text.value) : rangeWithout(text.value, chars);
  const [start, end] = range;
  return text.slice(side === "end" ? 0 : start, side === "start" ? text.value.length : end);
}

function rangeWithout(text: string, chars: string): [start: number, end: number] {
  const taken = new Set(chars);
  let start = 0;
  let end = text.length;
  while (start < end && taken.has(characterAt(text, start)))
    start += characterAt(text, start).length;
  while (end > start && taken.has(characterBefore(text, end)))
    end -= characterBefore(text, end).length;
  return [start, Math.max(start, end)];
}

function characterAt(text: string, place: number): string {
  return String.fromCodePoint(text.codePointAt(place) ?? 0);
}

function characterBefore(text: string, place: number): string {
  const pair = text.slice(Math.max(0, place - 2), place);
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(pair) ? pair : pair.slice(-1);
}

/** Where a part is, in UTF-16 units; negative where it is not. */
export function find(text: Text, part: Text, fromEnd: boolean, budget: Budget): number {
  budget.spendSearch(text.value, part.value);
  return fromEnd ? text.value.lastIndexOf(part.value) : text.value.indexOf(part.value);
}

/** Python's split() and rsplit(); without a separator, at runs of white space. */
export function split(
  text: Text,
  separator: string | undefined,
  most: number,
  fromEnd: boolean,
  budget: Budget,
): Text[] {
  const places =
    separator === undefined ? blanks(text.value, budget) : matches(text.value, separator, budget);
  const cuts = most < 0 ? places : fromEnd ? lastOf(places, most) : places.slice(0, most);
  const parts: Text[] = [];
  let place = 0;
  for (const [start, end] of cuts) {
    budget.spend(4);
    parts.push(text.slice(place, start));
    place = end;
  }
  parts.push(text.slice(place));
  if (separator !== undefined) return parts;
  // Once there were as many cuts as allowed, the rest keeps its outer white space.
  const keepsRest = cuts.length === most;
  return trimmedParts(parts, keepsRest && fromEnd, keepsRest && !fromEnd);
}

function lastOf<Item>(items: readonly Item[], count: number): readonly Item[] {
  return items.slice(Math.max(0, items.length - count));
}

function trimmedParts(parts: Text[], keepsStart: boolean, keepsEnd: boolean): Text[] {
  const [first = new Text("")] = parts;
  if (!keepsStart) parts[0] = strip(first, undefined, "start");
  const last = parts.length - 1;
  if (!keepsEnd) parts[last] = strip(parts[last] ?? first, undefined, "end");
  return parts.filter(({ value }) => value !== "");
}

type Range = readonly [start: number, end: number];

function blanks(text: string, budget: Budget): Range[] {
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

/** Python's replace(): an empty `old` is found before each character and at the end. */
export function replace(
  text: Text,
  old: Text,
  replacement: Text,
  most: number,
  budget: Budget,
): Text {
  if (old.value === "") budget.spendItems(text.value.length + 1);
  const places =
    old.value === "" ? betweenCharacters(text.value) : matches(text.value, old.value, budget);
  const cuts = most < 0 ? places : places.slice(0, most);
  budget.spendUnits(cuts.length * replacement.value.length);
  budget.checkUnits(text.value.length + cuts.length * replacement.value.length);
  budget.spend((cuts.length * replacement.input.length) / 2);
  const replaced = new TextBuilder();
  let place = 0;
  for (const [start, end] of cuts) {
    replaced.add(text.slice(place, start));
    replaced.add(replacement);
    place = end;
  }
  replaced.add(text.slice(place));
  return replaced.build();
}

function betweenCharacters(text: string): Range[] {
  const places: Range[] = [[0, 0]];
  let place = 0;
  for (const character of text) {
    place += character.length;
    places.push([place, place]);
  }
  return places;
}

export function capitalize(text: Text): Text {
  const first = characterAt(text.value, 0).length;
  if (text.value === "") return text;
  return Text.join([
    text.slice(0, first).map((run) => run.toUpperCase()),
    text.slice(first).map((run) => run.toLowerCase()),
  ]);
}

/** Python's title(): a letter after none is upper case. */
export function titleCase(text: Text, budget: Budget): Text {
  budget.spend(3 * text.value.length);
  let afterLetter = false;
  return text.map((run) =>
    run.replace(/./gsu, (character) => {
      const cased = afterLetter ? character.toLowerCase() : character.toUpperCase();
      afterLetter = /\p{L}/u.test(character);
      return cased;
    }),
  );
}

const kinds = {
  digit: /^\p{Nd}+$/u,
  numeric: /^\p{N}+$/u,
  alpha: /^\p{L}+$/u,
  alnum: /^[\p{L}\p{N}]+$/u,
} as const;

/** Python's isdigit() and its like. */
export function isKind(
  text: string,
  kind: keyof typeof kinds | "space" | "lower" | "upper",
): boolean {
  if (kind === "space") return text !== "" && strippedRange(text)[0] === text.length;
  if (kind === "lower") return text === text.toLowerCase() && text !== text.toUpperCase();
  if (kind === "upper") return text === text.toUpperCase() && text !== text.toLowerCase();
  return kinds[kind].test(text);
}
