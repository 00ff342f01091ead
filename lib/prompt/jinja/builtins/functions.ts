import type { Budget } from "../budget.ts";
import { LimitError, TemplateError } from "../errors.ts";
import { BoundArguments } from "../operations/arguments.ts";
import { itemsOf } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import {
  type Call,
  Callable,
  Dict,
  List,
  Namespace,
  typeName,
  type Value,
} from "../values/values.ts";
import { strftime } from "./strftime.ts";

/** The global functions of every template: Jinja's, and the additions of transformers. */
export function globalFunctions(budget: Budget, now: Date): Callable[] {
  return [
    new Callable("range", (call) => range(call, budget)),
    new Callable("dict", (call) => dict(call, budget)),
    new Callable("namespace", (call) => namespace(call, budget)),
    new Callable("joiner", joiner),
    new Callable("raise_exception", (call) => raiseException(call, budget)),
    new Callable("strftime_now", (call) => strftimeNow(call, now, budget)),
  ];
}

// The limit of Jinja's sandbox.
const maxRange = 100_000;

function range({ positional }: Call, budget: Budget): List {
  if (positional.length === 0 || positional.length > 3) {
    throw new TemplateError(`range() takes 1 to 3 arguments (got ${positional.length})`);
  }
  const [first = 0, second, step = 1] = positional.map((value) => {
    if (typeof value === "number" || typeof value === "boolean") return Number(value);
    throw new TemplateError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  });
  if (step === 0) throw new TemplateError("range() arg 3 must not be zero");
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > maxRange) throw new LimitError(`makes a range of more than ${maxRange} items`);
  budget.spendItems(length);
  const items = Array.from({ length }, (_, index) => start + index * step);
  return new List(items, "range");
}

function dict(call: Call, budget: Budget): Dict {
  const result = new Dict();
  for (const [key, value] of entriesOf(call, budget)) result.set(key, value);
  return result;
}

function namespace(call: Call, budget: Budget): Namespace {
  const result = new Namespace();
  for (const [key, value] of entriesOf(call, budget)) {
    if (!(key instanceof Text)) throw new TemplateError("the names of namespace() must be strings");
    setAttribute(result, key.value, value);
  }
  return result;
}

/** Entries from the arguments of dict() or namespace(): a dict or a list of pairs, then keywords. */
function entriesOf({ positional, keyword }: Call, budget: Budget): (readonly [Value, Value])[] {
  const [source, ...others] = positional;
  if (others.length > 0) {
    throw new TemplateError(`dict() takes at most 1 argument (got ${positional.length})`);
  }
  // Keyword names may come from the input: `dict(**message)`.
  const named = [...keyword].map(([name, value]) => [Text.ofInput(name), value] as const);
  if (source === undefined) return named;
  if (source instanceof Dict) {
    budget.spendItems(source.size);
    return [...source.entries(), ...named];
  }
  const pairs = itemsOf(source, budget).map((pair) => {
    const [key, value, ...rest] = itemsOf(pair, budget);
    if (key === undefined || value === undefined || rest.length > 0) {
      throw new TemplateError("dict() takes a list of pairs");
    }
    return [key, value] as const;
  });
  return [...pairs, ...named];
}

/**
 * Assigns an attribute of a namespace.
 * @throws TemplateError for a name that begins with an underscore, like transformers
 */
export function setAttribute(namespace: Namespace, name: string, value: Value): void {
  if (name.startsWith("_")) {
    throw new TemplateError(`a namespace cannot store '${name}'`);
  }
  namespace.values.set(name, value);
}

function joiner(call: Call): Callable {
  const separator = new BoundArguments("joiner()", call, ["sep"]).text("sep", ", ");
  let isFirst = true;
  return new Callable("joiner", () => {
    const text = isFirst ? new Text("") : separator;
    isFirst = false;
    return text;
  });
}

function raiseException(call: Call, budget: Budget): never {
  const args = new BoundArguments("raise_exception()", call, ["message"]);
  throw new TemplateError(args.asText("message", "", budget).value);
}

function strftimeNow(call: Call, now: Date, budget: Budget): Text {
  const args = new BoundArguments("strftime_now()", call, ["format"]);
  const format = toText(args.required("format"), budget);
  // The longest field is `%c`, which consists of seven fields.
  budget.spend(32 * format.value.length);
  return format.map((run) => strftime(now, run));
}
