import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { countCharacters, itemsOf } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import { type Call, List, type Operation, type Value } from "../values/values.ts";
import { BoundArguments } from "./arguments.ts";
import { formatBraces, pad, padWithZeros } from "./format.ts";
import {
  type CharacterClass,
  capitalize,
  find,
  isOfClass,
  replace,
  split,
  splitLines,
  strip,
  titleCase,
} from "./text-operations.ts";

type Method = Operation<Text>;
type NamedMethod = readonly [name: string, method: Method];

/** A method without arguments. */
function simpleMethod(name: string, change: (text: Text, budget: Budget) => Value): NamedMethod {
  return [
    name,
    (text, call, budget) => {
      new BoundArguments(`${name}()`, call, []);
      budget.spendUnits(text.value.length);
      return change(text, budget);
    },
  ];
}

function classMethod(name: string, characterClass: CharacterClass): NamedMethod {
  return simpleMethod(name, (text) => isOfClass(text.value, characterClass));
}

function stripMethod(name: string, side: "both" | "start" | "end"): NamedMethod {
  return [
    name,
    (text, call, budget) => {
      const characters = charactersToStrip(`${name}()`, call, budget);
      budget.spendUnits(text.value.length);
      const stripped = strip(text, characters, side);
      budget.spend((text.value.length - stripped.value.length) / 2);
      return stripped;
    },
  ];
}

/** The argument of strip(). Undefined if it is absent or None: strip() then removes white space. */
export function charactersToStrip(where: string, call: Call, budget: Budget): string | undefined {
  const args = new BoundArguments(where, call, ["chars"]);
  if ((args.get("chars") ?? null) === null) return undefined;
  const characters = args.text("chars").value;
  budget.spendItems(characters.length);
  return characters;
}

/** startswith() and endswith(), which take one part or a tuple of alternatives. */
function affixMethod(name: string, test: (text: string, part: string) => boolean): NamedMethod {
  return [
    name,
    (text, call, budget) => {
      const wanted = new BoundArguments(`${name}()`, call, ["prefix"]).required("prefix");
      const parts = wanted instanceof List ? itemsOf(wanted, budget) : [wanted];
      budget.spendUnits(text.value.length);
      return parts.some((part) => {
        if (!(part instanceof Text)) throw new TemplateError(`${name}() takes strings`);
        budget.spendUnits(part.value.length);
        return test(text.value, part.value);
      });
    },
  ];
}

function splitMethod(name: string, fromEnd: boolean): NamedMethod {
  return [
    name,
    (text, call, budget) => {
      const args = new BoundArguments(`${name}()`, call, ["sep", "maxsplit"]);
      const isAtWhiteSpace = (args.get("sep") ?? null) === null;
      const separator = isAtWhiteSpace ? undefined : args.text("sep").value;
      return new List(split(text, separator, args.integer("maxsplit", -1), fromEnd, budget));
    },
  ];
}

/** find() and rfind(), which return -1 for a missing part, or index() and rindex(), which throw. */
function findMethod(name: string, fromEnd: boolean, isRequired: boolean): NamedMethod {
  return [
    name,
    (text, call, budget) => {
      const part = new BoundArguments(`${name}()`, call, ["sub"]).text("sub");
      const position = find(text, part, fromEnd, budget);
      if (position < 0 && isRequired) throw new TemplateError("substring not found");
      return position < 0 ? -1 : countCharacters(text.value.slice(0, position));
    },
  ];
}

function partitionMethod(name: string, fromEnd: boolean): NamedMethod {
  return [
    name,
    (text, call, budget) => {
      const separator = new BoundArguments(`${name}()`, call, ["sep"]).text("sep");
      const start = find(text, separator, fromEnd, budget);
      const empty = new Text("");
      if (start < 0)
        return new List(fromEnd ? [empty, empty, text] : [text, empty, empty], "tuple");
      const end = start + separator.value.length;
      return new List([text.slice(0, start), text.slice(start, end), text.slice(end)], "tuple");
    },
  ];
}

function padMethod(name: string, side: "left" | "right" | "center"): NamedMethod {
  return [
    name,
    (text, call, budget) => {
      const args = new BoundArguments(`${name}()`, call, ["width", "fillchar"]);
      return pad(text, args.integer("width"), side, args.text("fillchar", " "), budget);
    },
  ];
}

function removeMethod(name: string, parameter: "prefix" | "suffix"): NamedMethod {
  return [
    name,
    (text, call, budget) => {
      const part = new BoundArguments(`${name}()`, call, [parameter]).text(parameter).value;
      budget.spendUnits(text.value.length + part.length);
      if (parameter === "prefix") {
        return text.value.startsWith(part) ? text.slice(part.length) : text;
      }
      return text.value.endsWith(part) ? text.slice(0, text.value.length - part.length) : text;
    },
  ];
}

/** Python's str methods. */
export const textMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  simpleMethod("upper", (text) => text.map((run) => run.toUpperCase())),
  simpleMethod("lower", (text) => text.map((run) => run.toLowerCase())),
  simpleMethod("casefold", (text) => text.map((run) => run.toLowerCase())),
  simpleMethod("capitalize", capitalize),
  simpleMethod("title", titleCase),
  stripMethod("strip", "both"),
  stripMethod("lstrip", "start"),
  stripMethod("rstrip", "end"),
  affixMethod("startswith", (text, part) => text.startsWith(part)),
  affixMethod("endswith", (text, part) => text.endsWith(part)),
  splitMethod("split", false),
  splitMethod("rsplit", true),
  findMethod("find", false, false),
  findMethod("rfind", true, false),
  findMethod("index", false, true),
  findMethod("rindex", true, true),
  partitionMethod("partition", false),
  partitionMethod("rpartition", true),
  padMethod("ljust", "left"),
  padMethod("rjust", "right"),
  padMethod("center", "center"),
  removeMethod("removeprefix", "prefix"),
  removeMethod("removesuffix", "suffix"),
  classMethod("isdigit", "digit"),
  classMethod("isdecimal", "digit"),
  classMethod("isnumeric", "numeric"),
  classMethod("isalpha", "alpha"),
  classMethod("isalnum", "alnum"),
  classMethod("isspace", "space"),
  classMethod("islower", "lower"),
  classMethod("isupper", "upper"),
  [
    "splitlines",
    (text, call, budget) => {
      const args = new BoundArguments("splitlines()", call, ["keepends"]);
      return new List(splitLines(text, args.flag("keepends"), budget));
    },
  ],
  [
    "replace",
    (text, call, budget) => {
      const args = new BoundArguments("replace()", call, ["old", "new", "count"]);
      return replace(text, args.text("old"), args.text("new"), args.integer("count", -1), budget);
    },
  ],
  [
    "count",
    (text, call, budget) => {
      const part = new BoundArguments("count()", call, ["sub"]).text("sub").value;
      budget.spendUnits(text.value.length);
      if (part === "") return countCharacters(text.value) + 1;
      return split(text, part, -1, false, budget).length - 1;
    },
  ],
  [
    "join",
    (text, call, budget) => {
      const items = new BoundArguments("join()", call, ["iterable"]).required("iterable");
      return joinTexts(itemsOf(items, budget), text, budget);
    },
  ],
  [
    "zfill",
    (text, call, budget) => {
      const width = new BoundArguments("zfill()", call, ["width"]).integer("width");
      return padWithZeros(text, width, budget);
    },
  ],
  ["format", (text, call, budget) => formatBraces(text, call.positional, call.keyword, budget)],
]);

function joinTexts(items: readonly Value[], separator: Text, budget: Budget): Text {
  let units = 0;
  const texts = items.map((item) => {
    if (!(item instanceof Text)) throw new TemplateError("join() takes strings");
    units += item.value.length + separator.value.length;
    budget.spend(1 + (item.input.length + separator.input.length) / 8);
    return item;
  });
  budget.checkUnits(units);
  return Text.join(texts, separator);
}
