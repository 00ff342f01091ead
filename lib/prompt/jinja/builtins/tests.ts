import type { Budget } from "../budget.ts";
import { TemplateError, TemplateSyntaxError } from "../errors.ts";
import { holds } from "../operations/operators.ts";
import { isOfClass } from "../operations/text-operations.ts";
import type { Comparison } from "../syntax/tree.ts";
import { numberOf } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import { Callable, Dict, Float, List, Undefined, type Value } from "../values/values.ts";

// Jinja's tests: the right side of `value is name(args)`.

type Test = (value: Value, args: readonly Value[], budget: Budget) => boolean;

/** @throws TemplateSyntaxError for an unknown test */
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

const compares =
  (operator: Comparison): Test =>
  (value, [other = null], budget) =>
    holds(operator, value, other, budget);

const hasRemainder =
  (remainder: number): Test =>
  (value) => {
    const number = numberOf(value);
    if (number === undefined) throw new TemplateError("odd and even take numbers");
    return Math.abs(number % 2) === remainder;
  };

const isDivisible: Test = (value, [divisor = null]) => {
  const [number, by] = [numberOf(value), numberOf(divisor)];
  if (number === undefined || !by) throw new TemplateError("divisibleby takes numbers");
  return number % by === 0;
};

const hasCase =
  (letterCase: "lower" | "upper"): Test =>
  (value, _, budget) => {
    const { value: text } = toText(value, budget);
    budget.spendUnits(4 * text.length);
    return isOfClass(text, letterCase);
  };

const isIterable: Test = (value) =>
  value instanceof Text ||
  value instanceof Dict ||
  value instanceof List ||
  value instanceof Undefined;

// Like Jinja: an undefined value counts as an empty sequence.
const isSequence: Test = (value) =>
  value instanceof Text ||
  value instanceof Dict ||
  value instanceof Undefined ||
  (value instanceof List && value.hasIndices);

const tests: ReadonlyMap<string, Test> = new Map<string, Test>([
  ["boolean", (value) => typeof value === "boolean"],
  ["callable", (value) => value instanceof Callable],
  ["defined", (value) => !(value instanceof Undefined)],
  ["undefined", (value) => value instanceof Undefined],
  ["divisibleby", isDivisible],
  ["even", hasRemainder(0)],
  ["odd", hasRemainder(1)],
  ["false", (value) => value === false],
  ["true", (value) => value === true],
  ["none", (value) => value === null],
  ["float", (value) => value instanceof Float],
  ["integer", (value) => typeof value === "number"],
  ["number", (value) => numberOf(value) !== undefined],
  ["string", (value) => value instanceof Text],
  ["mapping", (value) => value instanceof Dict],
  ["sequence", isSequence],
  ["iterable", isIterable],
  ["lower", hasCase("lower")],
  ["upper", hasCase("upper")],
  ["sameas", (value, [other = null]) => value === other],
  // A prompt is not HTML, so no text is ever escaped.
  ["escaped", () => false],
  ["in", compares("in")],
  ...["==", "eq", "equalto"].map((name) => [name, compares("==")] as const),
  ...["!=", "ne"].map((name) => [name, compares("!=")] as const),
  ...["<", "lt", "lessthan"].map((name) => [name, compares("<")] as const),
  ...["<=", "le"].map((name) => [name, compares("<=")] as const),
  ...[">", "gt", "greaterthan"].map((name) => [name, compares(">")] as const),
  ...[">=", "ge"].map((name) => [name, compares(">=")] as const),
]);
