import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { compareStrings } from "./comparison.ts";
import { Text, TextBuilder } from "./text.ts";
import { floatText } from "./to-text.ts";
import { Dict, Float, List, typeName, type Value } from "./values.ts";

export interface JsonOptions {
  /** Text for one level of indentation. Undefined writes everything in one line. */
  readonly indent: Text | undefined;
  /** Text between items, and text between a key and its value. */
  readonly separators: readonly [item: Text, key: Text];
  readonly escapesNonAscii: boolean;
  readonly sortsKeys: boolean;
}

/**
 * Python's json.dumps().
 * @throws TemplateError for a value that JSON does not have
 */
export function toJson(value: Value, options: JsonOptions, budget: Budget): Text {
  const output = new TextBuilder();
  writeValue(value, options, new Text("\n"), output, budget);
  return output.build();
}

/** `lineBreak`: a newline and the indentation of the current level. */
function writeValue(
  value: Value,
  options: JsonOptions,
  lineBreak: Text,
  output: TextBuilder,
  budget: Budget,
): void {
  budget.spend(8);
  budget.spendUnits(lineBreak.value.length + (value instanceof Text ? value.value.length : 0));
  budget.enter();
  if (value instanceof Text) {
    output.add(quoted(value, options, budget));
  } else if (value instanceof Dict || (value instanceof List && value.type !== "generator")) {
    writeContainer(value, options, lineBreak, output, budget);
  } else {
    output.add(new Text(scalarJson(value)));
  }
  budget.checkUnits(output.length);
  budget.leave();
}

function writeContainer(
  container: Dict | List,
  options: JsonOptions,
  lineBreak: Text,
  output: TextBuilder,
  budget: Budget,
): void {
  budget.spend(40);
  const { indent, separators } = options;
  const [itemSeparator, keySeparator] = separators;
  const isDict = container instanceof Dict;
  const members = isDict ? dictMembers(container, options) : listMembers(container);
  const innerBreak = indent === undefined ? new Text("") : Text.join([lineBreak, indent]);
  const inputRanges =
    itemSeparator.input.length + keySeparator.input.length + innerBreak.input.length;
  output.add(new Text(isDict ? "{" : "["));
  for (const [index, { key, value }] of members.entries()) {
    budget.spend(inputRanges / 8);
    if (index > 0) output.add(itemSeparator);
    output.add(innerBreak);
    if (key !== undefined) {
      output.add(quoted(key, options, budget));
      output.add(keySeparator);
    }
    writeValue(value, options, innerBreak, output, budget);
  }
  if (members.length > 0 && indent !== undefined) output.add(lineBreak);
  output.add(new Text(isDict ? "}" : "]"));
}

interface Member {
  /** Undefined in an array. */
  readonly key: Text | undefined;
  readonly value: Value;
}

function listMembers({ items }: List): readonly Member[] {
  return items.map((value) => ({ key: undefined, value }));
}

function dictMembers(dict: Dict, { sortsKeys }: JsonOptions): readonly Member[] {
  const members = dict.entries().map(([key, value]) => ({
    key: key instanceof Text ? key : new Text(scalarJson(key)),
    value,
  }));
  if (!sortsKeys) return members;
  return members.sort((left, right) => compareStrings(left.key.value, right.key.value));
}

function scalarJson(value: Value): string {
  if (value === null) return "null";
  if (typeof value === "boolean" || typeof value === "number") return String(value);
  if (value instanceof Float) {
    if (Number.isNaN(value.value)) return "NaN";
    if (!Number.isFinite(value.value)) return value.value < 0 ? "-Infinity" : "Infinity";
    return floatText(value.value);
  }
  throw new TemplateError(`Object of type ${typeName(value)} is not JSON serializable`);
}

function quoted(text: Text, { escapesNonAscii }: JsonOptions, budget: Budget): Text {
  const escaped = text.map((run) => {
    // JSON.stringify escapes lone surrogates. A run's borders never split a surrogate pair.
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
