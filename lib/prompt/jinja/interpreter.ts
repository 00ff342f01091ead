import type { Steps } from "../steps.ts";
import type { Budget } from "./budget.ts";
import { globalFunctions, setAttribute } from "./builtins/functions.ts";
import { TemplateError } from "./errors.ts";
import { Evaluator } from "./evaluator.ts";
import { Scope } from "./scope.ts";
import type {
  Block,
  CallBlock,
  FilterCall,
  ForStatement,
  IfStatement,
  MacroStatement,
  Parameter,
  Statement,
  Target,
  WithStatement,
} from "./syntax/tree.ts";
import { isTrue, itemsOf } from "./values/conversions.ts";
import { Text, TextBuilder } from "./values/text.ts";
import { toText } from "./values/to-text.ts";
import {
  type Call,
  Callable,
  Dict,
  List,
  Loop,
  Namespace,
  orElse,
  typeName,
  Undefined,
  type Value,
} from "./values/values.ts";

/**
 * Renders a template, like Jinja's immutable sandbox with the settings of transformers.
 *
 * This is our own interpreter because `@huggingface/jinja` lacks three things: it does not keep the
 * input's text apart from the template's (`Text`), it does not limit work before it creates a value
 * (`Budget`), and it cannot pause. The interpreter needs no worker thread: it shares the texts of the
 * messages, and copying them to a worker would block this thread for longer than rendering.
 *
 * The rooms, from the top down: this file runs statements, `evaluator.ts` evaluates expressions,
 * `builtins/` has the filters, tests and functions, `operations/` has operators, attributes and
 * methods, `syntax/` parses a template, `values/` has the values of expressions.
 * @throws TemplateError, TemplateSyntaxError, LimitError
 */
export function* render(
  template: Block,
  variables: ReadonlyMap<string, Value>,
  budget: Budget,
): Steps<Text> {
  const scope = new Scope();
  for (const callable of globalFunctions(budget, new Date())) scope.set(callable.name, callable);
  for (const [name, value] of variables) scope.set(name, value);
  const output = new TextBuilder();
  yield* new Interpreter(budget).execute(template, new Scope(scope), output);
  return output.build();
}

/** The statement that ended a block early. Undefined if the block ran to its end. */
type Jump = "break" | "continue" | undefined;

type Macro = Omit<MacroStatement, "kind">;

/** Runs statements. Pauses when a slice of the budget is spent. */
class Interpreter {
  readonly #budget: Budget;
  readonly #evaluator: Evaluator;

  constructor(budget: Budget) {
    this.#budget = budget;
    this.#evaluator = new Evaluator(budget);
  }

  *execute(block: Block, scope: Scope, output: TextBuilder): Steps<Jump> {
    this.#budget.enter();
    for (const statement of block) {
      if (this.#budget.isSliceSpent) yield* this.#budget.pause();
      const jump = yield* this.#statement(statement, scope, output);
      if (jump !== undefined) {
        this.#budget.leave();
        return jump;
      }
    }
    this.#budget.leave();
    return undefined;
  }

  *#statement(statement: Statement, scope: Scope, output: TextBuilder): Steps<Jump> {
    switch (statement.kind) {
      case "output":
        this.#write(yield* this.#evaluator.evaluate(statement.value, scope), output);
        return undefined;
      case "if":
        return yield* this.#if(statement, scope, output);
      case "for":
        return yield* this.#for(statement, scope, output);
      case "set":
        this.#assign(
          statement.target,
          yield* this.#evaluator.evaluate(statement.value, scope),
          scope,
        );
        return undefined;
      case "setBlock": {
        const text = yield* this.#filterBlock(statement.body, statement.filters, scope);
        this.#assign(statement.target, text, scope);
        return undefined;
      }
      case "macro":
        scope.set(statement.name, this.#macro(statement, scope));
        return undefined;
      case "callBlock":
        yield* this.#callBlock(statement, scope, output);
        return undefined;
      case "filterBlock":
        this.#write(yield* this.#filterBlock(statement.body, statement.filters, scope), output);
        return undefined;
      case "with":
        return yield* this.#with(statement, scope, output);
      case "block":
        return yield* this.execute(statement.body, new Scope(scope), output);
      default:
        return statement.kind;
    }
  }

  #write(value: Value, output: TextBuilder): void {
    const text = toText(value, this.#budget);
    this.#budget.spend(1 + text.input.length / 8);
    output.add(text);
    this.#budget.checkUnits(output.length);
  }

  *#if({ branches, otherwise }: IfStatement, scope: Scope, output: TextBuilder): Steps<Jump> {
    for (const { condition, body } of branches) {
      if (isTrue(yield* this.#evaluator.evaluate(condition, scope))) {
        return yield* this.execute(body, scope, output);
      }
    }
    return yield* this.execute(otherwise, scope, output);
  }

  *#for(statement: ForStatement, scope: Scope, output: TextBuilder): Steps<Jump> {
    const items = yield* this.#loopItems(statement, scope);
    const lastChanged = { values: undefined };
    for (const [index, item] of items.entries()) {
      if (this.#budget.isSliceSpent) yield* this.#budget.pause();
      const inner = new Scope(scope);
      inner.set("loop", new Loop(items, index, lastChanged));
      this.#assign(statement.target, item, inner);
      const jump = yield* this.execute(statement.body, inner, output);
      if (jump === "break") break;
    }
    if (items.length > 0) return undefined;
    return yield* this.execute(statement.otherwise, new Scope(scope), output);
  }

  /** The items that a loop visits: the filter of `for … if` sees all of them before the first one runs. */
  *#loopItems(
    { iterable, condition, target }: ForStatement,
    scope: Scope,
  ): Steps<readonly Value[]> {
    const items = itemsOf(yield* this.#evaluator.evaluate(iterable, scope), this.#budget);
    if (condition === undefined) return items;
    const kept: Value[] = [];
    for (const item of items) {
      if (this.#budget.isSliceSpent) yield* this.#budget.pause();
      const inner = new Scope(scope);
      this.#assign(target, item, inner);
      if (isTrue(yield* this.#evaluator.evaluate(condition, inner))) kept.push(item);
    }
    return kept;
  }

  *#with({ assignments, body }: WithStatement, scope: Scope, output: TextBuilder): Steps<Jump> {
    const inner = new Scope(scope);
    for (const [target, value] of assignments) {
      this.#assign(target, yield* this.#evaluator.evaluate(value, scope), inner);
    }
    return yield* this.execute(body, inner, output);
  }

  #assign(target: Target, value: Value, scope: Scope): void {
    this.#budget.spend(1);
    if (target.kind === "name") {
      scope.set(target.name, value);
    } else if (target.kind === "attribute") {
      const object = scope.get(target.object) ?? null;
      if (!(object instanceof Namespace)) {
        throw new TemplateError("cannot assign attribute on non-namespace object");
      }
      setAttribute(object, target.name, value);
    } else {
      const items = itemsOf(value, this.#budget);
      if (items.length !== target.items.length) {
        throw new TemplateError(`expected ${target.items.length} values, got ${items.length}`);
      }
      for (const [index, itemTarget] of target.items.entries()) {
        this.#assign(itemTarget, items[index] ?? null, scope);
      }
    }
  }

  /** Runs a block and applies filters to its output. */
  *#filterBlock(body: Block, filters: readonly FilterCall[], scope: Scope): Steps<Value> {
    const inner = new TextBuilder();
    yield* this.execute(body, new Scope(scope), inner);
    let value: Value = inner.build();
    for (const { name, args } of filters) {
      value = this.#evaluator.filter(name, value, yield* this.#evaluator.args(args, scope));
    }
    return value;
  }

  #macro(macro: Macro, scope: Scope): Callable {
    return new Callable(macro.name, (call) => this.#runMacro(macro, call, scope));
  }

  *#runMacro({ parameters, body }: Macro, call: Call, outer: Scope): Steps<Value> {
    const scope = new Scope(outer);
    const keyword = new Map(call.keyword);
    scope.set("caller", orElse(keyword.get("caller"), new Undefined("No caller defined")));
    keyword.delete("caller");
    for (const [index, parameter] of parameters.entries()) {
      const positional = call.positional[index];
      // Not `??`, because None is a value.
      const value = positional === undefined ? keyword.get(parameter.name) : positional;
      keyword.delete(parameter.name);
      const isGiven = value !== undefined;
      scope.set(parameter.name, isGiven ? value : yield* this.#fallback(parameter, scope));
    }
    scope.set("varargs", new List(call.positional.slice(parameters.length), "tuple"));
    const kwargs = new Dict();
    for (const [key, value] of keyword) kwargs.set(Text.ofInput(key), value);
    scope.set("kwargs", kwargs);
    const output = new TextBuilder();
    yield* this.execute(body, scope, output);
    return output.build();
  }

  /** The value of a parameter without an argument. */
  *#fallback({ name, fallback }: Parameter, scope: Scope): Steps<Value> {
    if (fallback === undefined) return new Undefined(`parameter '${name}' was not provided`);
    return yield* this.#evaluator.evaluate(fallback, scope);
  }

  *#callBlock({ parameters, call, body }: CallBlock, scope: Scope, output: TextBuilder) {
    const caller = this.#macro({ name: "caller", parameters, body }, scope);
    const callee = yield* this.#evaluator.evaluate(call.callee, scope);
    if (!(callee instanceof Callable)) {
      throw new TemplateError(`'${typeName(callee)}' object is not callable`);
    }
    const { positional, keyword } = yield* this.#evaluator.args(call.args, scope);
    const withCaller = new Map([...keyword, ["caller", caller] as const]);
    const value = yield* this.#evaluator.call(callee, { positional, keyword: withCaller });
    this.#write(value, output);
  }
}
