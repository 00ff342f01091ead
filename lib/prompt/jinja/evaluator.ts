import type { Steps } from "../steps.ts";
import type { Budget } from "./budget.ts";
import { filters } from "./builtins/filters.ts";
import { runTest } from "./builtins/tests.ts";
import { TemplateError, TemplateSyntaxError } from "./errors.ts";
import { attributeOf, itemOf } from "./operations/access.ts";
import { concatenate, holds, operate } from "./operations/operators.ts";
import { sliceOf } from "./operations/slices.ts";
import type { Scope } from "./scope.ts";
import type { Arguments, CompareExpression, Expression } from "./syntax/tree.ts";
import { integerOf, isTrue, itemsOf, numberOf } from "./values/conversions.ts";
import { Text } from "./values/text.ts";
import { toText } from "./values/to-text.ts";
import {
  type Call,
  Callable,
  Dict,
  Float,
  List,
  orElse,
  typeName,
  Undefined,
  type Value,
} from "./values/values.ts";

/** Evaluates expressions. Pauses when a slice of the budget is spent. */
export class Evaluator {
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  *evaluate(expression: Expression, scope: Scope): Steps<Value> {
    const budget = this.#budget;
    budget.spend(1);
    if (expression.kind === "constant") return expression.value;
    if (expression.kind === "name") return lookUp(expression.name, scope);
    budget.enter();
    const value = yield* this.#compound(expression, scope);
    budget.leave();
    // Pause now, before the value becomes an operand.
    if (budget.isSliceSpent) yield* budget.pause();
    return value;
  }

  *#compound(
    expression: Exclude<Expression, { kind: "constant" | "name" }>,
    scope: Scope,
  ): Steps<Value> {
    const budget = this.#budget;
    switch (expression.kind) {
      case "attribute":
        return attributeOf(yield* this.evaluate(expression.object, scope), expression.name, budget);
      case "item": {
        const object = yield* this.evaluate(expression.object, scope);
        return itemOf(object, yield* this.evaluate(expression.key, scope), budget);
      }
      case "slice": {
        const object = yield* this.evaluate(expression.object, scope);
        const start = yield* this.#optional(expression.start, scope);
        const stop = yield* this.#optional(expression.stop, scope);
        const step = yield* this.#optional(expression.step, scope);
        return sliceOf(object, [start, stop, step], budget);
      }
      case "call": {
        const callee = yield* this.evaluate(expression.callee, scope);
        return yield* this.call(callee, yield* this.args(expression.args, scope));
      }
      case "filter": {
        const operand = yield* this.evaluate(expression.operand, scope);
        return this.filter(expression.name, operand, yield* this.args(expression.args, scope));
      }
      case "test": {
        const operand = yield* this.evaluate(expression.operand, scope);
        const { positional } = yield* this.args(expression.args, scope);
        return runTest(expression.name, operand, positional, budget);
      }
      case "and":
      case "or": {
        const left = yield* this.evaluate(expression.left, scope);
        if (isTrue(left) === (expression.kind === "or")) return left;
        return yield* this.evaluate(expression.right, scope);
      }
      case "choice": {
        const { condition, chosen, otherwise } = expression;
        if (isTrue(yield* this.evaluate(condition, scope))) {
          return yield* this.evaluate(chosen, scope);
        }
        if (otherwise !== undefined) return yield* this.evaluate(otherwise, scope);
        return new Undefined("the inline if-expression evaluated to false and has no else");
      }
      default:
        return yield* this.#operation(expression, scope);
    }
  }

  *#operation(
    expression: Extract<
      Expression,
      { kind: "list" | "tuple" | "dict" | "not" | "sign" | "binary" | "concat" | "compare" }
    >,
    scope: Scope,
  ): Steps<Value> {
    const budget = this.#budget;
    switch (expression.kind) {
      case "list":
      case "tuple":
        return new List(yield* this.#all(expression.items, scope), expression.kind);
      case "dict": {
        const dict = new Dict();
        for (const [key, value] of expression.entries) {
          dict.set(yield* this.evaluate(key, scope), yield* this.evaluate(value, scope));
        }
        return dict;
      }
      case "not":
        return !isTrue(yield* this.evaluate(expression.operand, scope));
      case "sign":
        return signed(yield* this.evaluate(expression.operand, scope), expression.isNegative);
      case "binary": {
        const left = yield* this.evaluate(expression.left, scope);
        const right = yield* this.evaluate(expression.right, scope);
        return operate(expression.operator, left, right, budget);
      }
      case "concat": {
        const parts = yield* this.#all(expression.parts, scope);
        return concatenate(
          parts.map((part) => toText(part, budget)),
          budget,
        );
      }
      case "compare":
        return yield* this.#compare(expression, scope);
    }
  }

  *#compare({ first, rest }: CompareExpression, scope: Scope): Steps<boolean> {
    let left = yield* this.evaluate(first, scope);
    for (const [operator, operand] of rest) {
      const right = yield* this.evaluate(operand, scope);
      if (!holds(operator, left, right, this.#budget)) return false;
      left = right;
    }
    return true;
  }

  *#all(expressions: readonly Expression[], scope: Scope): Steps<Value[]> {
    const values: Value[] = [];
    for (const expression of expressions) values.push(yield* this.evaluate(expression, scope));
    return values;
  }

  *#optional(expression: Expression | undefined, scope: Scope): Steps<Value> {
    return expression === undefined ? null : yield* this.evaluate(expression, scope);
  }

  /** Evaluates the arguments of a call, a filter or a test. */
  *args({ positional, keyword, spread, keywordSpread }: Arguments, scope: Scope): Steps<Call> {
    const values = yield* this.#all(positional, scope);
    const named = new Map<string, Value>();
    for (const [name, value] of keyword) named.set(name, yield* this.evaluate(value, scope));
    if (spread !== undefined) {
      const items = itemsOf(yield* this.evaluate(spread, scope), this.#budget);
      for (const item of items) values.push(item);
    }
    if (keywordSpread === undefined) return { positional: values, keyword: named };
    const dict = yield* this.evaluate(keywordSpread, scope);
    if (!(dict instanceof Dict)) throw new TemplateError("argument after ** must be a mapping");
    this.#budget.spendItems(dict.size);
    for (const [key, value] of dict.entries()) {
      if (!(key instanceof Text)) throw new TemplateError("keywords must be strings");
      named.set(key.value, value);
    }
    return { positional: values, keyword: named };
  }

  *call(callee: Value, call: Call): Steps<Value> {
    if (callee instanceof Undefined) callee.refuse();
    if (!(callee instanceof Callable)) {
      throw new TemplateError(`'${typeName(callee)}' object is not callable`);
    }
    const result = callee.call(call);
    return isSteps(result) ? yield* result : result;
  }

  filter(name: string, operand: Value, call: Call): Value {
    const filter = filters.get(name);
    // Not an error of the parser: templates name unknown filters in branches that never run.
    if (filter === undefined) throw new TemplateSyntaxError(`No filter named '${name}'.`);
    return filter(operand, call, this.#budget);
  }
}

function isSteps(result: Value | Steps<Value>): result is Steps<Value> {
  return typeof result === "object" && result !== null && Symbol.iterator in result;
}

function lookUp(name: string, scope: Scope): Value {
  return orElse(scope.get(name), new Undefined(`'${name}' is undefined`));
}

function signed(value: Value, isNegative: boolean): Value {
  if (value instanceof Undefined) value.refuse();
  const number = numberOf(value);
  if (number === undefined) throw new TemplateError(`bad operand type: '${typeName(value)}'`);
  const result = isNegative ? -number : number;
  return value instanceof Float ? new Float(result) : integerOf(result);
}
