import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { BoundArguments } from "../operations/arguments.ts";
import { formatPercent, pad } from "../operations/format.ts";
import { charactersToStrip } from "../operations/text-methods.ts";
import { capitalize, replace, splitLines, strip } from "../operations/text-operations.ts";
import { countCharacters, unitsOf } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import { Dict, List, type Operation } from "../values/values.ts";

type NamedFilter = readonly [name: string, filter: Operation];

/** A filter without arguments that changes the text of any value. */
function simpleFilter(name: string, change: (text: Text, budget: Budget) => Text): NamedFilter {
  return [
    name,
    (value, call, budget) => {
      new BoundArguments(name, call, []);
      const text = toText(value, budget);
      budget.spendUnits(text.value.length);
      return change(text, budget);
    },
  ];
}

const htmlEscapes: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&#39;",
  '"': "&#34;",
};

function escapeHtml(text: Text, budget: Budget): Text {
  budget.spend(text.value.length);
  return text.map((run) => run.replace(/[&<>'"]/g, (character) => htmlEscapes[character] ?? ""));
}

/** Capitalizes words. A word begins after white space, `-` or an opening bracket. */
function title(text: Text, budget: Budget): Text {
  budget.spend(3 * text.value.length);
  let isWordStart = true;
  return text.map((run) =>
    run.replace(/./gsu, (character) => {
      const cased = isWordStart ? character.toUpperCase() : character.toLowerCase();
      isWordStart = /[-\s({[<]/.test(character);
      return cased;
    }),
  );
}

const trim: Operation = (value, call, budget) => {
  const text = toText(value, budget);
  const characters = charactersToStrip("trim", call, budget);
  budget.spendUnits(text.value.length);
  return strip(text, characters, "both");
};

const replaceFilter: Operation = (value, call, budget) => {
  const args = new BoundArguments("replace", call, ["old", "new", "count"]);
  const [old, replacement] = [args.required("old"), args.required("new")];
  const maxCount = args.get("count") === null ? -1 : args.integer("count", -1);
  const text = toText(value, budget);
  return replace(text, toText(old, budget), toText(replacement, budget), maxCount, budget);
};

const indent: Operation = (value, call, budget) => {
  const args = new BoundArguments("indent", call, ["width", "first", "blank"]);
  const width = args.get("width");
  const spaces = width instanceof Text ? 0 : Math.max(0, args.integer("width", 4));
  budget.spendUnits(spaces);
  const indentation = width instanceof Text ? width : new Text(" ".repeat(spaces));
  const [indentsFirst, indentsBlank] = [args.flag("first"), args.flag("blank")];
  const text = toText(value, budget);
  const lines = splitLines(Text.join([text, new Text("\n")]), false, budget);
  budget.spendUnits(text.value.length + lines.length * (1 + indentation.value.length));
  const indented = lines.map((line, index) => {
    const isIndented = index === 0 ? indentsFirst : indentsBlank || line.value !== "";
    return isIndented ? Text.join([indentation, line]) : line;
  });
  return Text.join(indented, new Text("\n"));
};

const center: Operation = (value, call, budget) => {
  const width = new BoundArguments("center", call, ["width"]).integer("width", 80);
  return pad(toText(value, budget), width, "center", new Text(" "), budget);
};

const format: Operation = (value, { positional, keyword }, budget) => {
  const named = new Dict();
  for (const [name, each] of keyword) named.set(Text.ofInput(name), each);
  const values = keyword.size > 0 ? named : new List(positional, "tuple");
  return formatPercent(toText(value, budget), values, budget);
};

const truncate: Operation = (value, call, budget) => {
  const args = new BoundArguments("truncate", call, ["length", "killwords", "end", "leeway"]);
  const [length, leeway] = [args.integer("length", 255), args.integer("leeway", 5)];
  const text = toText(value, budget);
  const end = args.text("end", "...");
  budget.spendUnits(text.value.length + end.value.length);
  if (countCharacters(text.value) <= length + leeway) return text;
  const kept = Math.max(0, length - countCharacters(end.value));
  const cut = text.slice(0, unitsOf(text.value, kept));
  const space = args.flag("killwords") ? -1 : cut.value.lastIndexOf(" ");
  return Text.join([space < 0 ? cut : cut.slice(0, space), end]);
};

const wordcount: Operation = (value, _, budget) => {
  const { value: text } = toText(value, budget);
  budget.spendItems(text.length / 2);
  return text.match(/[\p{L}\p{N}_]+/gu)?.length ?? 0;
};

const urlencode: Operation = (value, _, budget) => {
  const text = toText(value, budget);
  budget.spendUnits(text.value.length * 3);
  return text.map((run) => {
    if (/\p{Cs}/u.test(run)) throw new TemplateError("urlencode: surrogates not allowed");
    return encodeURIComponent(run).replaceAll("%2F", "/");
  });
};

/** Filters that take a text, or convert their operand to a text. */
export const textFilters: readonly NamedFilter[] = [
  simpleFilter("upper", (text) => text.map((run) => run.toUpperCase())),
  simpleFilter("lower", (text) => text.map((run) => run.toLowerCase())),
  simpleFilter("capitalize", capitalize),
  simpleFilter("title", title),
  simpleFilter("escape", escapeHtml),
  simpleFilter("e", escapeHtml),
  simpleFilter("forceescape", escapeHtml),
  // A prompt is not HTML, so there is no text to protect from escaping.
  simpleFilter("safe", (text) => text),
  simpleFilter("string", (text) => text),
  ["trim", trim],
  ["replace", replaceFilter],
  ["indent", indent],
  ["center", center],
  ["format", format],
  ["truncate", truncate],
  ["wordcount", wordcount],
  ["urlencode", urlencode],
];
