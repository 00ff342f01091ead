import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { Text, TextBuilder } from "./text.ts";
import { Dict, Float, List, Namespace, typeName, Undefined, type Value } from "./values.ts";

/** Python's str(). */
export function toText(value: Value, budget: Budget): Text {
  if (value instanceof Text) return value;
  if (value instanceof Undefined) return new Text("");
  const shown = new TextBuilder();
  represent(value, shown, budget);
  return shown.build();
}

/** Python's repr(). */
function represent(value: Value, shown: TextBuilder, budget: Budget): void {
  budget.spend(4);
  budget.enter();
  if (value instanceof Text) {
    budget.spendUnits(value.value.length);
    budget.spend(value.value.length / 8);
    quote(value, shown);
  } else if (value instanceof List) {
    representList(value, shown, budget);
  } else if (value instanceof Dict) {
    shown.add(new Text("{"));
    for (const [index, [key, each]] of value.entries().entries()) {
      if (index > 0) shown.add(new Text(", "));
      represent(key, shown, budget);
      shown.add(new Text(": "));
      represent(each, shown, budget);
    }
    shown.add(new Text("}"));
  } else {
    shown.add(new Text(scalar(value)));
  }
  budget.checkUnits(shown.length);
  budget.leave();
}

function representList({ items, type }: List, shown: TextBuilder, budget: Budget): void {
  if (type === "generator") {
    shown.add(new Text("<generator object>"));
    return;
  }
  const [open, close] = type === "tuple" ? ["(", items.length === 1 ? ",)" : ")"] : ["[", "]"];
  shown.add(new Text(type === "dict_items" ? "dict_items([" : open));
  for (const [index, item] of items.entries()) {
    if (index > 0) shown.add(new Text(", "));
    represent(item, shown, budget);
  }
  shown.add(new Text(type === "dict_items" ? "])" : close));
}

function scalar(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (value instanceof Float) return floatText(value.value);
  return value instanceof Undefined ? "Undefined" : `<${typeName(value)}>`;
}

/** A float as Python's repr() writes it. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Object.is(value, -0)) return "-0.0";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

const escapes: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function quote(text: Text, shown: TextBuilder): void {
  const mark = text.value.includes("'") && !text.value.includes('"') ? '"' : "'";
  shown.add(new Text(mark));
  shown.add(
    text.map((run) =>
      run.replace(/[\p{Cc}\\'"]/gu, (character) => {
        if (character === "\\") return "\\\\";
        if (character === "'" || character === '"') {
          return character === mark ? `\\${character}` : character;
        }
        const code = character.charCodeAt(0).toString(16).padStart(2, "0");
        return escapes[character] ?? `\\x${code}`;
      }),
    ),
  );
  shown.add(new Text(mark));
}

export interface JsonOptions {
  readonly indent: Text | undefined;
  readonly separators: readonly [item: Text, key: Text];
  readonly escapesNonAscii: boolean;
  readonly sortsKeys: boolean;
}

/** Python's json.dumps(). */
export function toJson(value: Value, options: JsonOptions, budget: Budget): Text {
  const json = new TextBuilder();
  writeJson(value, options, new Text("\n"), json, budget);
  return json.build();
}

function writeJson(
  value: Value,
  options: JsonOptions,
  lineBreak: Text,
  json: TextBuilder,
  budget: Budget,
): void {
  budget.spend(8);
  budget.spendUnits(lineBreak.value.length + (value instanceof Text ? value.value.length : 0));
  budget.enter();
  if (value instanceof Text) {
    json.add(jsonString(value, options, budget));
  } else if (value instanceof Dict || (value instanceof List && value.type !== "generator")) {
    writeContainer(value, options, lineBreak, json, budget);
  } else {
    json.add(new Text(jsonScalar(value)));
  }
  budget.checkUnits(json.length);
  budget.leave();
}

function writeContainer(
  value: Dict | List,
  options: JsonOptions,
  lineBreak: Text,
  json: TextBuilder,
  budget: Budget,
): void {
  const isDict = value instanceof Dict;
  budget.spend(40);
  const entries = isDict ? jsonEntries(value, options) : value.items.map((item) => [null, item]);
  const inner =
    options.indent === undefined ? new Text("") : Text.join([lineBreak, options.indent]);
  json.add(new Text(isDict ? "{" : "["));
  for (const [index, [key, item]] of (entries as [Text | null, Value][]).entries()) {
    const [separator, keySeparator] = options.separators;
    budget.spend((separator.input.length + keySeparator.input.length + inner.input.length) / 8);
    if (index > 0) json.add(separator);
    json.add(inner);
    if (key !== null) {
      json.add(jsonString(key, options, budget));
      json.add(keySeparator);
    }
    writeJson(item, options, inner, json, budget);
  }
  if (entries.length > 0 && options.indent !== undefined) json.add(lineBreak);
  json.add(new Text(isDict ? "}" : "]"));
}

function jsonEntries(dict: Dict, { sortsKeys }: JsonOptions): (readonly [Text, Value])[] {
  const entries = dict
    .entries()
    .map(([key, value]) => [key instanceof Text ? key : new Text(jsonScalar(key)), value] as const);
  if (!sortsKeys) return entries;
  return entries.sort(([{ value: a }], [{ value: b }]) => (a < b ? -1 : Number(a > b)));
}

function jsonScalar(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  if (value instanceof Float) {
    if (Number.isNaN(value.value)) return "NaN";
    if (!Number.isFinite(value.value)) return value.value < 0 ? "-Infinity" : "Infinity";
    return floatText(value.value);
  }
  const type = value instanceof Namespace ? "Namespace" : typeName(value);
  throw new TemplateError(`Object of type ${type} is not JSON serializable`);
}

function jsonString(text: Text, { escapesNonAscii }: JsonOptions, budget: Budget): Text {
  const escaped = text.map((run) => {
    // JSON.stringify escapes lone surrogates, which a run's borders never make.
    const json = JSON.stringify(run).slice(1, -1);
    if (!escapesNonAscii) return json;
    budget.spend(json.length);
    return json.replace(
      /[^\0-\x7f]/g,
      (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
  });
  return Text.join([new Text('"'), escaped, new Text('"')]);
}
