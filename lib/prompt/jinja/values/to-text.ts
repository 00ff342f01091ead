import type { Budget } from "../budget.ts";
import { Text, TextBuilder } from "./text.ts";
import { Dict, Float, List, typeName, Undefined, type Value } from "./values.ts";

/** Python's str(). An undefined value is an empty text. */
export function toText(value: Value, budget: Budget): Text {
  if (value instanceof Text) return value;
  if (value instanceof Undefined) return new Text("");
  return repr(value, budget);
}

/** Python's repr(). */
export function repr(value: Value, budget: Budget): Text {
  const output = new TextBuilder();
  writeRepr(value, output, budget);
  return output.build();
}

function writeRepr(value: Value, output: TextBuilder, budget: Budget): void {
  budget.spend(4);
  budget.enter();
  if (value instanceof Text) {
    budget.spendUnits(value.value.length);
    budget.spend(value.value.length / 8);
    writeQuoted(value, output);
  } else if (value instanceof List) {
    writeList(value, output, budget);
  } else if (value instanceof Dict) {
    writeDict(value, output, budget);
  } else {
    output.add(new Text(scalarText(value)));
  }
  budget.checkUnits(output.length);
  budget.leave();
}

function writeList({ items, type }: List, output: TextBuilder, budget: Budget): void {
  if (type === "generator") {
    output.add(new Text("<generator object>"));
    return;
  }
  const [open, close] = brackets(type, items.length);
  output.add(new Text(open));
  for (const [index, item] of items.entries()) {
    if (index > 0) output.add(new Text(", "));
    writeRepr(item, output, budget);
  }
  output.add(new Text(close));
}

function brackets(type: List["type"], length: number): readonly [open: string, close: string] {
  switch (type) {
    case "tuple":
      return ["(", length === 1 ? ",)" : ")"];
    case "dict_keys":
    case "dict_values":
    case "dict_items":
      return [`${type}([`, "])"];
    default:
      return ["[", "]"];
  }
}

function writeDict(dict: Dict, output: TextBuilder, budget: Budget): void {
  output.add(new Text("{"));
  for (const [index, [key, value]] of dict.entries().entries()) {
    if (index > 0) output.add(new Text(", "));
    writeRepr(key, output, budget);
    output.add(new Text(": "));
    writeRepr(value, output, budget);
  }
  output.add(new Text("}"));
}

function scalarText(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (value instanceof Float) return floatText(value.value);
  return value instanceof Undefined ? "Undefined" : `<${typeName(value)}>`;
}

/** Python's repr() of a float. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value < 0 ? "-inf" : "inf";
  if (Object.is(value, -0)) return "-0.0";
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    return withPythonExponent(value.toExponential());
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Pads the exponent to two digits: `1e-07` in Python, `1e-7` in JavaScript. */
export function withPythonExponent(number: string): string {
  return number.replace(/e([+-])(\d)$/, "e$10$2");
}

function writeQuoted(text: Text, output: TextBuilder): void {
  const quote = text.value.includes("'") && !text.value.includes('"') ? '"' : "'";
  const escaped = text.map((run) =>
    run.replace(/[\p{C}\p{Z}\\'"]/gu, (character) => escapeInQuotes(character, quote)),
  );
  output.add(new Text(quote));
  output.add(escaped);
  output.add(new Text(quote));
}

const namedEscapes: Readonly<Record<string, string>> = {
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\\": "\\\\",
};

/** Escapes a quote, a backslash, or a character that Python does not count as printable. */
function escapeInQuotes(character: string, quote: string): string {
  if (character === "'" || character === '"') {
    return character === quote ? `\\${character}` : character;
  }
  if (character === " ") return character;
  const named = namedEscapes[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code < 0x100) return `\\x${hex.padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
