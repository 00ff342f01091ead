import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import type { Comparison, Operator } from "../syntax/tree.ts";
import { Text } from "../values/text.ts";
import {
  compare,
  Dict,
  Float,
  integerOf,
  isEqual,
  List,
  numberOf,
  typeName,
  Undefined,
  type Value,
} from "../values/values.ts";
import { formatPercent } from "./format.ts";

export function operate(operator: Operator, left: Value, right: Value, budget: Budget): Value {
  if (left instanceof Undefined) left.refuse();
  if (operator === "%" && left instanceof Text) return formatPercent(left, right, budget);
  if (right instanceof Undefined) right.refuse();
  const [one, other] = [numberOf(left), numberOf(right)];
  if (one !== undefined && other !== undefined) {
    const isFloat = left instanceof Float || right instanceof Float;
    return arithmetic(operator, one, other, isFloat);
  }
  if (operator === "+") {
    const sum = add(left, right, budget);
    if (sum !== undefined) return sum;
  }
  if (operator === "*") {
    const [value, times] = one === undefined ? [left, right] : [right, left];
    if (!(times instanceof Float)) {
      const product = repeat(value, numberOf(times), budget);
      if (product !== undefined) return product;
    }
  }
  const types = `'${typeName(left)}' and '${typeName(right)}'`;
  throw new TemplateError(`unsupported operand type(s) for ${operator}: ${types}`);
}

function arithmetic(operator: Operator, one: number, other: number, isFloat: boolean): Value {
  const of = (value: number) => (isFloat ? new Float(value) : integerOf(value));
  switch (operator) {
    case "+":
      return of(one + other);
    case "-":
      return of(one - other);
    case "*":
      return of(one * other);
    case "**":
      return isFloat || other < 0 ? new Float(one ** other) : integerOf(one ** other);
  }
  if (other === 0) throw new TemplateError("division by zero");
  if (operator === "/") return new Float(one / other);
  if (operator === "//") return of(Math.floor(one / other));
  // The remainder has the divisor's sign.
  return of(one - other * Math.floor(one / other));
}

function add(left: Value, right: Value, budget: Budget): Value | undefined {
  if (left instanceof Text && right instanceof Text) return concatenate([left, right], budget);
  if (!(left instanceof List && right instanceof List) || left.type !== right.type)
    return undefined;
  if (left.type !== "list" && left.type !== "tuple") return undefined;
  budget.spendItems(left.items.length + right.items.length);
  return new List([...left.items, ...right.items], left.type);
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

function repeat(value: Value, times: number | undefined, budget: Budget): Value | undefined {
  if (times === undefined) return undefined;
  const count = Math.max(0, times);
  if (value instanceof Text) {
    budget.spendUnits(value.value.length * count);
    budget.spendItems(value.input.length === 0 ? 0 : count);
    if (value.input.length === 0) return new Text(value.value.repeat(count));
    return Text.join(Array.from({ length: count }, () => value));
  }
  if (!(value instanceof List) || (value.type !== "list" && value.type !== "tuple"))
    return undefined;
  budget.spendItems(value.items.length * count);
  budget.spendItems(count);
  return new List(Array.from({ length: count }, () => value.items).flat(), value.type);
}

export function isComparison(
  operator: Comparison,
  left: Value,
  right: Value,
  budget: Budget,
): boolean {
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

function contains(whole: Value, part: Value, budget: Budget): boolean {
  if (whole instanceof Text) {
    if (part instanceof Undefined) part.refuse();
    if (!(part instanceof Text)) {
      const type = typeName(part);
      throw new TemplateError(`'in <string>' requires string as left operand, not ${type}`);
    }
    budget.spendSearch(whole.value, part.value);
    return whole.value.includes(part.value);
  }
  if (whole instanceof Dict) return whole.get(part) !== undefined;
  if (whole instanceof List) {
    budget.spendItems(whole.items.length);
    return whole.items.some((item) => isEqual(item, part, budget));
  }
  if (whole instanceof Undefined) return false;
  throw new TemplateError(`argument of type '${typeName(whole)}' is not iterable`);
}
