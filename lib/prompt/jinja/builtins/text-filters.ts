import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { Bound } from "../operations/arguments.ts";
import { formatPercent, pad } from "../operations/format.ts";
import { charactersToStrip, splitLines } from "../operations/text-methods.ts";
import { capitalize, replace, strip } from "../operations/text-operations.ts";
import { Text } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import { codePoints, Dict, List, type Operation, unitsOf } from "../values/values.ts";

/** A filter without arguments that maps any value's text. */
const mapping =
  (name: string, change: (text: Text, budget: Budget) => Text): Operation =>
  (value, call, budget) => {
    new Bound(name, call, []);
    const text = toText(value, budget);
    budget.spendUnits(text.value.length);
    return change(text, budget);
  };

const htmlEscapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;",
};

const escapeHtml = mapping("escape", (text, budget) => {
  budget.spend(text.value.length);
  return text.map((run) => run.replace(/[&<>'"]/g, (character) => htmlEscapes[character] ?? ""));
});

/** A word begins after white space, `-` or an opening bracket; its other letters are lower case. */
function title(text: Text, budget: Budget): Text {
  budget.spend(3 * text.value.length);
  let begins = true;
  return text.map((run) =>
    run.replace(/./gsu, (character) => {
      const isBetween = /[-\s({[<]/.test(character);
      const cased = begins ? character.toUpperCase() : character.toLowerCase();
      begins = isBetween;
      return cased;
    }),
  );
}

function indent(text: Text, indention: Text, first: boolean, blank: boolean, budget: Budget): Text {
  const lines = splitLines(Text.join([text, new Text("\n")]), false, budget);
  budget.spendUnits(text.value.length + lines.length * (1 + indention.value.length));
  const indented = lines.map((line, index) => {
    const isIndented = index === 0 ? first : blank || line.value !== "";
    return isIndented ? Text.join([indention, line]) : line;
  });
  return Text.join(indented, new Text("\n"));
}

function truncate(
  text: Text,
  length: number,
  killsWords: boolean,
  end: Text,
  leeway: number,
): Text {
  if (codePoints(text.value) <= length + leeway) return text;
  const kept = Math.max(0, length - codePoints(end.value));
  const cut = text.slice(0, unitsOf(text.value, kept));
  if (killsWords) return Text.join([cut, end]);
  const space = cut.value.lastIndexOf(" ");
  return Text.join([space < 0 ? cut : cut.slice(0, space), end]);
}

export const textFilters = new Map<string, Operation>([
  ["upper", mapping("upper", (text) => text.map((run) => run.toUpperCase()))],
  ["lower", mapping("lower", (text) => text.map((run) => run.toLowerCase()))],
  ["capitalize", mapping("capitalize", capitalize)],
  ["title", mapping("title", title)],
  ["escape", escapeHtml],
  ["e", escapeHtml],
  ["forceescape", escapeHtml],
  ["safe", mapping("safe", (text) => text)],
  ["string", mapping("string", (text) => text)],
  [
    "trim",
    (value, call, budget) => {
      const text = toText(value, budget);
      const chars = charactersToStrip("trim", call, budget);
      budget.spendUnits(text.value.length);
      return strip(text, chars, "both");
    },
  ],
  [
    "replace",
    (value, call, budget) => {
      const args = new Bound("replace", call, ["old", "new", "count"]);
      const [old, replacement] = [args.required("old"), args.required("new")];
      const count = args.get("count") === null ? -1 : args.integer("count", -1);
      const text = toText(value, budget);
      return replace(text, toText(old, budget), toText(replacement, budget), count, budget);
    },
  ],
  [
    "indent",
    (value, call, budget) => {
      const args = new Bound("indent", call, ["width", "first", "blank"]);
      const width = args.get("width");
      const count = width instanceof Text ? 0 : Math.max(0, args.integer("width", 4));
      budget.spendUnits(count);
      const indention = width instanceof Text ? width : new Text(" ".repeat(count));
      const text = toText(value, budget);
      return indent(text, indention, args.flag("first"), args.flag("blank"), budget);
    },
  ],
  [
    "center",
    (value, call, budget) => {
      const width = new Bound("center", call, ["width"]).integer("width", 80);
      return pad(toText(value, budget), width, "center", new Text(" "), budget);
    },
  ],
  [
    "format",
    (value, { positional, keyword }, budget) => {
      const values = new Dict();
      for (const [name, each] of keyword) values.set(Text.ofInput(name), each);
      const given = keyword.size > 0 ? values : new List(positional, "tuple");
      return formatPercent(toText(value, budget), given, budget);
    },
  ],
  [
    "truncate",
    (value, call, budget) => {
      const args = new Bound("truncate", call, ["length", "killwords", "end", "leeway"]);
      const [length, leeway] = [args.integer("length", 255), args.integer("leeway", 5)];
      const text = toText(value, budget);
      const end = args.text("end", "...");
      budget.spendUnits(text.value.length + end.value.length);
      return truncate(text, length, args.flag("killwords"), end, leeway);
    },
  ],
  [
    "wordcount",
    (value, _, budget) => {
      const { value: text } = toText(value, budget);
      budget.spendItems(text.length / 2);
      return text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0;
    },
  ],
  [
    "urlencode",
    (value, _, budget) => {
      const text = toText(value, budget);
      budget.spendUnits(text.value.length * 3);
      return text.map((run) => {
        if (/\p{Cs}/u.test(run)) throw new TemplateError("urlencode: surrogates not allowed");
        return encodeURIComponent(run).replaceAll("%2F", "/");
      });
    },
  ],
]);
