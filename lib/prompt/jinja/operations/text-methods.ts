import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { Text } from "../values/text.ts";
import {
  type Call,
  codePoints,
  itemsOf,
  List,
  type Operation,
  type Value,
} from "../values/values.ts";
import { Bound } from "./arguments.ts";
import { formatBraces, pad } from "./format.ts";
import { capitalize, find, isKind, replace, split, strip, titleCase } from "./text-operations.ts";

type Method = Operation<Text>;

/** A method that maps the text, and takes no arguments. */
function mapping(change: (text: Text, budget: Budget) => Value): Method {
  return (text, call, budget) => {
    new Bound("str method", call, []);
    budget.spendUnits(text.value.length);
    return change(text, budget);
  };
}

const stripping =
  (side: "both" | "start" | "end"): Method =>
  (text, call, budget) => {
    const chars = charactersToStrip("strip()", call, budget);
    budget.spendUnits(text.value.length);
    const stripped = strip(text, chars, side);
    budget.spend((text.value.length - stripped.value.length) / 2);
    return stripped;
  };

/** The characters that `strip` and `trim` take off; white space by default. */
export function charactersToStrip(where: string, call: Call, budget: Budget): string | undefined {
  const chars = new Bound(where, call, ["chars"]).get("chars");
  if (!(chars instanceof Text)) return undefined;
  budget.spendItems(chars.value.length);
  return chars.value;
}

const beginning =
  (test: (text: string, part: string) => boolean): Method =>
  (text, call, budget) => {
    const parts = new Bound("startswith()", call, ["prefix"]).required("prefix");
    const list = parts instanceof List ? itemsOf(parts, budget) : [parts];
    budget.spendUnits(text.value.length);
    return list.some((part) => {
      if (!(part instanceof Text)) throw new TemplateError("startswith() takes strings");
      budget.spendUnits(part.value.length);
      return test(text.value, part.value);
    });
  };

const splitting =
  (fromEnd: boolean): Method =>
  (text, call, budget) => {
    const args = new Bound("split()", call, ["sep", "maxsplit"]);
    const separator = args.get("sep") ?? null;
    const sep = separator === null ? undefined : args.text("sep").value;
    return new List(split(text, sep, args.integer("maxsplit", -1), fromEnd, budget));
  };

const finding =
  (fromEnd: boolean, isRequired: boolean): Method =>
  (text, call, budget) => {
    const args = new Bound("find()", call, ["sub"]);
    const place = find(text, args.text("sub"), fromEnd, budget);
    if (place < 0 && isRequired) throw new TemplateError("substring not found");
    return place < 0 ? -1 : codePoints(text.value.slice(0, place));
  };

const partitioning =
  (fromEnd: boolean): Method =>
  (text, call, budget) => {
    const separator = new Bound("partition()", call, ["sep"]).text("sep");
    const place = find(text, separator, fromEnd, budget);
    const none = new Text("");
    if (place < 0) return new List(fromEnd ? [none, none, text] : [text, none, none], "tuple");
    const end = place + separator.value.length;
    return new List([text.slice(0, place), text.slice(place, end), text.slice(end)], "tuple");
  };

const padding =
  (side: "left" | "right" | "center"): Method =>
  (text, call, budget) => {
    const args = new Bound("just()", call, ["width", "fillchar"]);
    return pad(text, args.integer("width"), side, args.text("fillchar", " "), budget);
  };

const removing =
  (atEnd: boolean): Method =>
  (text, call, budget) => {
    const { value } = new Bound("remove()", call, ["part"]).text("part");
    budget.spendUnits(text.value.length + value.length);
    if (atEnd ? !text.value.endsWith(value) : !text.value.startsWith(value)) return text;
    return atEnd ? text.slice(0, text.value.length - value.length) : text.slice(value.length);
  };

const kindTest = (kind: Parameters<typeof isKind>[1]): Method =>
  mapping((text) => isKind(text.value, kind));

export const textMethods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["upper", mapping((text) => text.map((run) => run.toUpperCase()))],
  ["lower", mapping((text) => text.map((run) => run.toLowerCase()))],
  ["casefold", mapping((text) => text.map((run) => run.toLowerCase()))],
  ["capitalize", mapping(capitalize)],
  ["title", mapping(titleCase)],
  ["strip", stripping("both")],
  ["lstrip", stripping("start")],
  ["rstrip", stripping("end")],
  ["startswith", beginning((text, part) => text.startsWith(part))],
  ["endswith", beginning((text, part) => text.endsWith(part))],
  ["split", splitting(false)],
  ["rsplit", splitting(true)],
  ["find", finding(false, false)],
  ["rfind", finding(true, false)],
  ["index", finding(false, true)],
  ["rindex", finding(true, true)],
  ["partition", partitioning(false)],
  ["rpartition", partitioning(true)],
  ["ljust", padding("left")],
  ["rjust", padding("right")],
  ["center", padding("center")],
  ["removeprefix", removing(false)],
  ["removesuffix", removing(true)],
  ["isdigit", kindTest("digit")],
  ["isdecimal", kindTest("digit")],
  ["isnumeric", kindTest("numeric")],
  ["isalpha", kindTest("alpha")],
  ["isalnum", kindTest("alnum")],
  ["isspace", kindTest("space")],
  ["islower", kindTest("lower")],
  ["isupper", kindTest("upper")],
  [
    "splitlines",
    (text, call, budget) => {
      const keepsEnds = new Bound("splitlines()", call, ["keepends"]).flag("keepends");
      return new List(splitLines(text, keepsEnds, budget));
    },
  ],
  [
    "replace",
    (text, call, budget) => {
      const args = new Bound("replace()", call, ["old", "new", "count"]);
      return replace(text, args.text("old"), args.text("new"), args.integer("count", -1), budget);
    },
  ],
  [
    "count",
    (text, call, budget) => {
      const part = new Bound("count()", call, ["sub"]).text("sub").value;
      budget.spendUnits(text.value.length);
      if (part === "") return codePoints(text.value) + 1;
      return split(text, part, -1, false, budget).length - 1;
    },
  ],
  [
    "join",
    (text, call, budget) => {
      const items = itemsOf(new Bound("join()", call, ["iterable"]).required("iterable"), budget);
      return joinTexts(items, text, budget);
    },
  ],
  [
    "zfill",
    (text, call, budget) => {
      const width = new Bound("zfill()", call, ["width"]).integer("width");
      const sign = /^[+-]/.test(text.value) ? 1 : 0;
      const digits = pad(text.slice(sign), width - sign, "right", new Text("0"), budget);
      return Text.join([text.slice(0, sign), digits]);
    },
  ],
  ["format", (text, call, budget) => formatBraces(text, call.positional, call.keyword, budget)],
]);

const lineEnds: ReadonlySet<string> = new Set("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029");

/** Python's splitlines(). */
export function splitLines(text: Text, keepsEnds: boolean, budget: Budget): Text[] {
  const { value } = text;
  budget.spendUnits(value.length);
  const lines: Text[] = [];
  let place = 0;
  for (let at = 0; at < value.length; at++) {
    if (!lineEnds.has(value.charAt(at))) continue;
    budget.spend(4);
    const end = value.startsWith("\r\n", at) ? at + 2 : at + 1;
    lines.push(text.slice(place, keepsEnds ? end : at));
    place = end;
    at = end - 1;
  }
  if (place < value.length) lines.push(text.slice(place));
  budget.spendItems(lines.length);
  return lines;
}

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
