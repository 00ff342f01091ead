import { InvalidArgumentError } from "commander";
import { isOrigin, originForm } from "../server/http/origin.ts";

// Of options: each reads a text, and refuses one in the command line's words.

export function parseNumber(text: string): number {
  const number = Number(text);
  if (text.trim() === "" || Number.isNaN(number)) throw new InvalidArgumentError("Not a number.");
  return number;
}

/** Both ends are included. */
export function wholeNumber(minimum: number, maximum: number): (text: string) => number {
  return (text) => {
    const number = parseNumber(text);
    if (Number.isInteger(number) && number >= minimum && number <= maximum) return number;
    throw new InvalidArgumentError(`Must be a whole number from ${minimum} to ${maximum}.`);
  };
}

// Of Node.js's timers, in whole seconds.
const longestSeconds = 2_147_483;

/** Seconds as milliseconds. */
export function milliseconds(minimumSeconds: number): (text: string) => number {
  return (text) => {
    const seconds = parseNumber(text);
    if (seconds >= minimumSeconds && seconds <= longestSeconds) return Math.round(seconds * 1000);
    throw new InvalidArgumentError(`Must be from ${minimumSeconds} to ${longestSeconds} seconds.`);
  };
}

export function notEmpty(text: string): string {
  if (text === "") throw new InvalidArgumentError("Must not be empty.");
  return text;
}

/** One of several. */
export function names(text: string, others: readonly string[] = []): readonly string[] {
  return [...others, notEmpty(text)];
}

/** One of several. */
export function origins(text: string, others: readonly string[] = []): readonly string[] {
  if (!isOrigin(text)) throw new InvalidArgumentError(`Must be ${originForm}.`);
  return [...others, text];
}
