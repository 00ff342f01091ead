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
} from "./syntax/tree.ts";
import { Text, TextBuilder } from "./values/text.ts";
import { toText } from "./values/to-text.ts";
import {
  type Call,
  Callable,
  Dict,
  isTrue,
  itemsOf,
  List,
  Loop,
  Namespace,
  orElse,
  typeName,
  Undefined,
  type Value,
} from "./values/values.ts";

/**
 * Renders a template over its variables, as Jinja's immutable sandbox with transformers' settings.
 *
 * An interpreter of our own, because `@huggingface/jinja` cannot do three things: keep the input's
 * text apart from the template's (`Text`), bound its work before a value is made (`Budget`), and
 * pause. No worker thread is needed for that: rendering shares the texts of messages and copies
 * nothing, whereas the copies for a worker alone would hold this thread longer.
 * @throws TemplateError, LimitError
 */
export function* render(
  template: Block,
  variables: ReadonlyMap<string, Value>,
  budget: Budget,
): Steps<Text> {
  const scope = new Scope();
  for (const each of globalFunctions(budget, new Date())) scope.set(each.name, each);
  for (const [name, value] of variables) scope.set(name, value);
  const output = new TextBuilder();
  yield* new Interpreter(budget).execute(template, new Scope(scope), output);
  return output.build();
}

/** How a block ended before its last statement. */
type Jump = "break" | "continue" | undefined;

type Macro = Omit<MacroStatement, "kind">;

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
        const text = yield* this.#filtered(statement.body, statement.filters, scope);
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
        this.#write(yield* this.#filtered(statement.body, statement.filters, scope), output);
        return undefined;
      case "with": {
        const inner = new Scope(scope);
        for (const [target, value] of statement.assignments) {
          this.#assign(target, yield* this.#evaluator.evaluate(value, scope), inner);
        }
        return yield* this.execute(statement.body, inner, output);
      }
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
    const before = { changed: undefined };
    for (const [index, item] of items.entries()) {
      if (this.#budget.isSliceSpent) yield* this.#budget.pause();
      const inner = new Scope(scope);
      inner.set("loop", new Loop(items, index, before));
      this.#assign(statement.target, item, inner);
      const jump = yield* this.execute(statement.body, inner, output);
      if (jump === "break") break;
    }
    if (items.length > 0) return undefined;
    return yield* this.execute(statement.otherwise, new Scope(scope), output);
  }

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
      for (const [index, each] of target.items.entries()) {
        this.#assign(each, items[index] ?? null, scope);
      }
    }
  }

  /** A block's output behind filters. */
  *#filtered(body: Block, filters: readonly FilterCall[], scope: Scope): Steps<Value> {
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
      const given = call.positional[index];
      const value = given === undefined ? keyword.get(parameter.name) : given;
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
