import type { Budget } from "../budget.ts";
import { TemplateError, TemplateSyntaxError } from "../errors.ts";
import { isComparison } from "../operations/operators.ts";
import { isKind } from "../operations/text-operations.ts";
import type { Comparison } from "../syntax/tree.ts";
import { Text } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import { Callable, Dict, Float, List, numberOf, Undefined, type Value } from "../values/values.ts";

export type Test = (value: Value, args: readonly Value[], budget: Budget) => boolean;

const comparing =
  (operator: Comparison): Test =>
  (value, [other = null], budget) =>
    isComparison(operator, value, other, budget);

const dividing =
  (remainder: number): Test =>
  (value) => {
    const number = numberOf(value);
    if (number === undefined) throw new TemplateError("odd and even take numbers");
    return Math.abs(number % 2) === remainder;
  };

const casing =
  (kind: "lower" | "upper"): Test =>
  (value, _, budget) => {
    const { value: text } = toText(value, budget);
    budget.spendUnits(4 * text.length);
    return isKind(text, kind);
  };

const isNumber: Test = (value) => numberOf(value) !== undefined;

/** Jinja's built-in tests. */
const tests: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["boolean", (value) => typeof value === "boolean"],
  ["callable", (value) => value instanceof Callable],
  ["defined", (value) => !(value instanceof Undefined)],
  ["undefined", (value) => value instanceof Undefined],
  [
    "divisibleby",
    (value, [divisor = null]) => {
      const [number, by] = [numberOf(value), numberOf(divisor)];
      if (number === undefined || !by) throw new TemplateError("divisibleby takes numbers");
      return number % by === 0;
    },
  ],
  ["even", dividing(0)],
  ["odd", dividing(1)],
  ["false", (value) => value === false],
  ["true", (value) => value === true],
  ["none", (value) => value === null],
  ["float", (value) => value instanceof Float],
  ["integer", (value) => typeof value === "number"],
  ["number", isNumber],
  ["string", (value) => value instanceof Text],
  ["mapping", (value) => value instanceof Dict],
  [
    "sequence",
    (value) =>
      value instanceof Text ||
      value instanceof Dict ||
      (value instanceof List && value.type !== "generator" && value.type !== "dict_items"),
  ],
  [
    "iterable",
    (value) =>
      value instanceof Text ||
      value instanceof Dict ||
      value instanceof List ||
      value instanceof Undefined,
  ],
  ["lower", casing("lower")],
  ["upper", casing("upper")],
  ["sameas", (value, [other = null]) => value === other],
  ["escaped", () => false],
  ["in", comparing("in")],
  ...["==", "eq", "equalto"].map((name) => [name, comparing("==")] as const),
  ...["!=", "ne"].map((name) => [name, comparing("!=")] as const),
  ...["<", "lt", "lessthan"].map((name) => [name, comparing("<")] as const),
  ...["<=", "le"].map((name) => [name, comparing("<=")] as const),
  ...[">", "gt", "greaterthan"].map((name) => [name, comparing(">")] as const),
  ...[">=", "ge"].map((name) => [name, comparing(">=")] as const),
]);

/** @throws TemplateSyntaxError for a test that there is not */
export function runTest(
  name: string,
  value: Value,
  args: readonly Value[],
  budget: Budget,
): boolean {
  const test = tests.get(name);
  if (test === undefined) throw new TemplateSyntaxError(`No test named '${name}'.`);
  return test(value, args, budget);
}
