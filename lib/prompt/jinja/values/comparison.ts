import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { numberOf } from "./conversions.ts";
import { Text } from "./text.ts";
import { Dict, List, typeName, Undefined, type Value } from "./values.ts";

/** Python's `==`. */
export function isEqual(left: Value, right: Value, budget: Budget): boolean {
  budget.spend(1);
  const [leftNumber, rightNumber] = [numberOf(left), numberOf(right)];
  if (leftNumber !== undefined || rightNumber !== undefined) return leftNumber === rightNumber;
  if (left instanceof Text) return right instanceof Text && isEqualText(left, right, budget);
  if (left instanceof Undefined) return right instanceof Undefined;
  if (left instanceof List && right instanceof List) return isEqualList(left, right, budget);
  if (left instanceof Dict && right instanceof Dict) return isEqualDict(left, right, budget);
  return left === right;
}

function isEqualText(left: Text, right: Text, budget: Budget): boolean {
  if (left === right) return true;
  budget.spendComparison(left.value, right.value);
  return left.value === right.value;
}

function isEqualList(left: List, right: List, budget: Budget): boolean {
  if (left.type === "generator" || right.type === "generator") return left === right;
  if (left.type !== right.type || left.items.length !== right.items.length) return false;
  return left.items.every((item, index) => isEqual(item, right.items[index] ?? null, budget));
}

function isEqualDict(left: Dict, right: Dict, budget: Budget): boolean {
  if (left.size !== right.size) return false;
  return left.entries().every(([key, value]) => {
    const counterpart = right.get(key);
    return counterpart !== undefined && isEqual(value, counterpart, budget);
  });
}

/**
 * Python's `<` as a number: negative, zero or positive.
 * @throws TemplateError for types without an order
 */
export function compare(left: Value, right: Value, budget: Budget): number {
  budget.spend(1);
  const [leftNumber, rightNumber] = [numberOf(left), numberOf(right)];
  if (leftNumber !== undefined && rightNumber !== undefined) return leftNumber - rightNumber;
  if (left instanceof Text && right instanceof Text) {
    budget.spendUnits(Math.min(left.value.length, right.value.length));
    return compareStrings(left.value, right.value);
  }
  if (left instanceof List && right instanceof List && left.type === right.type) {
    return compareLists(left, right, budget);
  }
  if (left instanceof Undefined) left.refuse();
  if (right instanceof Undefined) right.refuse();
  const types = `'${typeName(left)}' and '${typeName(right)}'`;
  throw new TemplateError(`'<' not supported between instances of ${types}`);
}

/** Order by code points, as in Python. JavaScript's `<` orders by UTF-16 units. */
export function compareStrings(left: string, right: string): number {
  if (left === right) return 0;
  const end = Math.min(left.length, right.length);
  for (let at = 0; at < end; at++) {
    const [leftUnit, rightUnit] = [left.charCodeAt(at), right.charCodeAt(at)];
    if (leftUnit === rightUnit) continue;
    const isSurrogate = [isSurrogateUnit(leftUnit), isSurrogateUnit(rightUnit)] as const;
    if (isSurrogate[0] === isSurrogate[1]) return leftUnit - rightUnit;
    // A surrogate is half of a code point above all code points of one unit.
    return isSurrogate[0] ? 1 : -1;
  }
  return left.length - right.length;
}

const isSurrogateUnit = (unit: number) => (unit & 0xf800) === 0xd800;

function compareLists(left: List, right: List, budget: Budget): number {
  for (const [index, item] of left.items.entries()) {
    const counterpart = right.items[index];
    if (counterpart === undefined) return 1;
    if (!isEqual(item, counterpart, budget)) return compare(item, counterpart, budget);
  }
  return left.items.length - right.items.length;
}
