import { isDeepStrictEqual } from "node:util";
import { type CodeLlamaError, fromNative } from "../../lib/errors.ts";
import { addon } from "../../lib/native/binding.ts";
import type { Fuzzer } from "../helpers/fuzzing.ts";
import type { Random } from "../helpers/random.ts";

// Random patterns and texts: the native automaton finds the same first match as JavaScript's RegExp,
// for any split of the text into pieces, and matches the same whole texts.

const letters = ["a", "b", "A", "é", "É", "😀", "\n", "-", "ſ", "s"] as const;
const atoms = [
  "a",
  "b",
  "A",
  "é",
  "s",
  "-",
  ".",
  "\\n",
  "\\s",
  "\\w",
  "\\W",
  "[ab]",
  "[^a]",
  "[a-z]",
  "[^\\n]",
  "[\\s\\S]",
  "😀",
  "\\u{e9}",
  "\\x61",
] as const;
const quantifiers = ["", "", "", "", "*", "+", "?", "*?", "{2}", "{1,2}", "{0,3}", "{2,}"] as const;

/** A random pattern without anchors. */
function pattern(random: Random, depth: number): string {
  if (depth === 0) return random.pick(atoms) + random.pick(quantifiers);
  const inner = () => pattern(random, depth - 1);
  switch (random.below(5)) {
    case 0:
      return inner() + inner();
    case 1:
      return `(?:${inner()}|${inner()})${random.pick(quantifiers)}`;
    case 2:
      return `(${inner()})${random.pick(quantifiers)}${inner()}`;
    case 3:
      return inner();
    default:
      return inner() + inner() + inner();
  }
}

function textOf(random: Random, longest: number): string {
  return Array.from({ length: random.below(longest + 1) }, () => random.pick(letters)).join("");
}

/** The places between the characters of a text. */
function placesOf(text: string): readonly number[] {
  let at = 0;
  return [0, ...Array.from(text, (character) => (at += character.length))];
}

/** The first match in a growing text: the earliest end, and the longest match with that end. */
function expectedMatch(source: string, flags: string, text: string): Found | undefined {
  const places = placesOf(text);
  const whole = new RegExp(`^(?:${source})$`, flags);
  for (const [index, end] of places.entries()) {
    const start = places.slice(0, index).find((place) => whole.test(text.slice(place, end)));
    if (start !== undefined) return { text: text.slice(0, start), matched: text.slice(start, end) };
  }
  return undefined;
}

interface Found {
  readonly text: string;
  readonly matched: string;
}

/** What the addon finds in a text that comes in random pieces. */
async function find(source: string, flags: string, text: string, random: Random): Promise<Found> {
  const compiled = await addon().compileStopPattern(source, flags).result;
  const stop = addon().newTextStop({ stopPatterns: [compiled] });
  let shown = "";
  for (let rest = text; rest !== ""; ) {
    const end = placesOf(rest)[1 + random.below(4)] ?? rest.length;
    const answer = stop(rest.slice(0, end));
    shown += answer.text;
    if (answer.matched !== "") return { text: shown, matched: answer.matched };
    rest = rest.slice(end);
  }
  return { text: shown + stop(null).text, matched: "" };
}

async function checkFirstMatch(random: Random): Promise<void> {
  const source = pattern(random, random.below(3));
  const flags = random.pick(["", "i", "s", "is"]);
  if (new RegExp(`^(?:${source})$`, `u${flags}`).test("")) return;
  const text = textOf(random, 12);
  const found = await find(source, flags, text, random);
  const expected = expectedMatch(source, `u${flags}`, text) ?? { text, matched: "" };
  report(isDeepStrictEqual(found, expected), { source, flags, text, found, expected });
}

const ahead = ["", "(?=a)", "(?!a)", "(?=[^\\0]*b)", "(?![^\\0]*b)", "^", "$", "$\\n^"] as const;

/** Compares whole texts, with lookaheads and line anchors. The text ends with a NUL. */
async function checkWholeText(random: Random): Promise<void> {
  const part = () => random.pick(ahead) + pattern(random, random.below(2));
  const source = `^(?:${part()}${random.pick(ahead)}|${part()}${part()})\\0`;
  const flags = random.pick(["m", "im", "ms"]);
  const text = `${textOf(random, 6)}\0`;
  const expected = new RegExp(source.replace("^", "(?<![^])"), `u${flags}`).test(text);
  try {
    const { matched } = await find(`(?-m:^)${source.slice(1)}`, flags, text, random);
    report((matched !== "") === expected, { source, flags, text, matched, expected });
  } catch (error) {
    const { code, message } = fromNative(error) as CodeLlamaError;
    const isRefused = /lookahead|matches no text/.test(message);
    report(code === "INVALID_GRAMMAR" && isRefused, { source, flags, message });
  }
}

function report(holds: boolean, facts: object): void {
  if (!holds) throw new Error(JSON.stringify(facts));
}

const fuzzer: Fuzzer = {
  description: "regular expressions against JavaScript's RegExp",
  async fuzz(run) {
    for (const { random } of run.cases()) {
      await checkFirstMatch(random);
      await checkWholeText(random);
    }
  },
};

export default fuzzer;
