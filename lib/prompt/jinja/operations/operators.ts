import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import type { Comparison, Operator } from "../syntax/tree.ts";
import { compare, isEqual } from "../values/comparison.ts";
import { integerOf, numberOf } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import { Dict, Float, List, typeName, Undefined, type Value } from "../values/values.ts";
import { formatPercent } from "./format.ts";

/** The result of a binary operator. */
export function operate(operator: Operator, left: Value, right: Value, budget: Budget): Value {
  if (left instanceof Undefined) left.refuse();
  if (operator === "%" && left instanceof Text) return formatPercent(left, right, budget);
  if (right instanceof Undefined) right.refuse();
  const [leftNumber, rightNumber] = [numberOf(left), numberOf(right)];
  if (leftNumber !== undefined && rightNumber !== undefined) {
    const isFloat = left instanceof Float || right instanceof Float;
    return calculate(operator, leftNumber, rightNumber, isFloat);
  }
  const result =
    operator === "+"
      ? add(left, right, budget)
      : operator === "*"
        ? multiply(left, right, budget)
        : undefined;
  if (result !== undefined) return result;
  const types = `'${typeName(left)}' and '${typeName(right)}'`;
  throw new TemplateError(`unsupported operand type(s) for ${operator}: ${types}`);
}

function calculate(operator: Operator, left: number, right: number, isFloat: boolean): Value {
  const toValue = (result: number) => (isFloat ? new Float(result) : integerOf(result));
  switch (operator) {
    case "+":
      return toValue(left + right);
    case "-":
      return toValue(left - right);
    case "*":
      return toValue(left * right);
    case "**":
      return isFloat || right < 0 ? new Float(left ** right) : integerOf(left ** right);
  }
  if (right === 0) throw new TemplateError("division by zero");
  if (operator === "/") return new Float(left / right);
  if (operator === "//") return toValue(Math.floor(left / right));
  // In Python the remainder has the divisor's sign.
  return toValue(left - right * Math.floor(left / right));
}

/** Concatenates two texts, lists or tuples. Undefined for other types. */
function add(left: Value, right: Value, budget: Budget): Value | undefined {
  if (left instanceof Text && right instanceof Text) return concatenate([left, right], budget);
  if (!isSequence(left) || !isSequence(right) || left.type !== right.type) return undefined;
  budget.spendItems(left.items.length + right.items.length);
  return new List([...left.items, ...right.items], left.type);
}

/** Repeats a text, list or tuple; either operand can be the number. Undefined for other types. */
function multiply(left: Value, right: Value, budget: Budget): Value | undefined {
  const [repeated, times] = numberOf(left) === undefined ? [left, right] : [right, left];
  const factor = times instanceof Float ? undefined : numberOf(times);
  if (factor === undefined) return undefined;
  const count = Math.max(0, factor);
  if (repeated instanceof Text) return repeatText(repeated, count, budget);
  if (!isSequence(repeated)) return undefined;
  budget.spendItems(repeated.items.length * count);
  budget.spendItems(count);
  return new List(Array.from({ length: count }, () => repeated.items).flat(), repeated.type);
}

function repeatText(text: Text, count: number, budget: Budget): Text {
  budget.spendUnits(text.value.length * count);
  if (text.input.length === 0) return new Text(text.value.repeat(count));
  budget.spendItems(count);
  return Text.join(Array.from({ length: count }, () => text));
}

function isSequence(value: Value): value is List {
  return value instanceof List && (value.type === "list" || value.type === "tuple");
}

export function concatenate(texts: readonly Text[], budget: Budget): Text {
  let units = 0;
  for (const { value, input } of texts) {
    units += value.length;
    budget.spend(input.length / 8);
  }
  budget.checkUnits(units);
  return Text.join(texts);
}

/** Whether a comparison holds. */
export function holds(operator: Comparison, left: Value, right: Value, budget: Budget): boolean {
  switch (operator) {
    case "==":
      return isEqual(left, right, budget);
    case "!=":
      return !isEqual(left, right, budget);
    case "<":
      return compare(left, right, budget) < 0;
    case "<=":
      return compare(left, right, budget) <= 0;
    case ">":
      return compare(left, right, budget) > 0;
    case ">=":
      return compare(left, right, budget) >= 0;
    case "in":
      return contains(right, left, budget);
    case "not in":
      return !contains(right, left, budget);
  }
}

function contains(container: Value, member: Value, budget: Budget): boolean {
  if (container instanceof Text) {
    if (member instanceof Undefined) member.refuse();
    if (!(member instanceof Text)) {
      const type = typeName(member);
      throw new TemplateError(`'in <string>' requires string as left operand, not ${type}`);
    }
    budget.spendSearch(container.value, member.value);
    return container.value.includes(member.value);
  }
  if (container instanceof Dict) return container.get(member) !== undefined;
  if (container instanceof List) {
    budget.spendItems(container.items.length);
    return container.items.some((item) => isEqual(item, member, budget));
  }
  if (container instanceof Undefined) return false;
  throw new TemplateError(`argument of type '${typeName(container)}' is not iterable`);
}
