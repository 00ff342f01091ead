import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { Text } from "./text.ts";
import { Dict, Float, List, typeName, Undefined, type Value } from "./values.ts";

/** Python's bool(). */
export function isTrue(value: Value): boolean {
  if (value === null || value instanceof Undefined) return false;
  if (typeof value === "boolean") return value;
  if (typeof value === "number") return value !== 0;
  if (value instanceof Float) return value.value !== 0;
  if (value instanceof Text) return value.value !== "";
  if (value instanceof List) return value.type === "generator" || value.items.length > 0;
  return !(value instanceof Dict) || value.size > 0;
}

/** The operand that Python's arithmetic sees: True is 1, False is 0. Undefined for other types. */
export function numberOf(value: Value): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  return value instanceof Float ? value.value : undefined;
}

/**
 * Checks the result of integer arithmetic. Python's integers are unbounded; these are exact up to
 * 2^53.
 * @throws TemplateError for a larger number
 */
export function integerOf(value: number): number {
  if (Number.isSafeInteger(value)) return value === 0 ? 0 : value; // 0 instead of -0
  throw new TemplateError("an integer is beyond 2^53");
}

/**
 * The items that a loop visits: a dict's keys, a text's characters, none for an undefined value.
 * @throws TemplateError for a value that Python cannot iterate
 */
export function itemsOf(value: Value, budget: Budget): readonly Value[] {
  if (value instanceof List) {
    budget.spendItems(value.items.length);
    return value.items;
  }
  if (value instanceof Dict) {
    budget.spendItems(value.size);
    return value.entries().map(([key]) => key);
  }
  if (value instanceof Text) {
    budget.spendItems(value.value.length);
    return charactersOf(value);
  }
  if (value instanceof Undefined) return [];
  throw new TemplateError(`'${typeName(value)}' object is not iterable`);
}

/** Python's len(). */
export function lengthOf(value: Value, budget: Budget): number {
  if (value instanceof Text) {
    budget.spendUnits(value.value.length);
    return countCharacters(value.value);
  }
  if (value instanceof Dict) return value.size;
  if (value instanceof Undefined) return 0;
  if (value instanceof List && value.type !== "generator") return value.items.length;
  throw new TemplateError(`object of type '${typeName(value)}' has no len()`);
}

/** A text's characters. Python counts code points, JavaScript counts UTF-16 units. */
export function charactersOf(text: Text): Text[] {
  const characters: Text[] = [];
  let position = 0;
  for (const character of text.value) {
    characters.push(text.slice(position, position + character.length));
    position += character.length;
  }
  return characters;
}

/** Whether some of a text's characters have two UTF-16 units. */
export function hasSurrogates(text: string): boolean {
  return /[\ud800-\udfff]/.test(text);
}

export function countCharacters(text: string): number {
  let count = text.length;
  for (let at = 1; at < text.length; at++) {
    // A trailing surrogate after a leading one belongs to the same character.
    const isTrailing = (text.charCodeAt(at) & 0xfc00) === 0xdc00;
    if (isTrailing && (text.charCodeAt(at - 1) & 0xfc00) === 0xd800) count--;
  }
  return count;
}

/** Number of UTF-16 units in a text's first characters. */
export function unitsOf(text: string, characters: number): number {
  let units = 0;
  let left = characters;
  for (const character of text) {
    if (left-- <= 0) break;
    units += character.length;
  }
  return units;
}
