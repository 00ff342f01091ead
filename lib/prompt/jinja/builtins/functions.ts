import type { Budget } from "../budget.ts";
import { LimitError, TemplateError } from "../errors.ts";
import { Bound } from "../operations/arguments.ts";
import { Text } from "../values/text.ts";
import { toText } from "../values/to-text.ts";
import {
  type Call,
  Callable,
  Dict,
  itemsOf,
  List,
  Namespace,
  typeName,
  type Value,
} from "../values/values.ts";
import { strftime } from "./strftime.ts";

// The sandbox's limit.
const longestRange = 100_000;

function range({ positional }: Call, budget: Budget): List {
  const numbers = positional.map((value) => {
    if (typeof value === "number" || typeof value === "boolean") return Number(value);
    throw new TemplateError(`'${typeName(value)}' object cannot be interpreted as an integer`);
  });
  const [one = 0, two, step = 1] = numbers;
  if (numbers.length === 0 || numbers.length > 3) throw new TemplateError("range() takes 1 to 3");
  if (step === 0) throw new TemplateError("range() arg 3 must not be zero");
  const [start, stop] = two === undefined ? [0, one] : [one, two];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > longestRange) throw new LimitError(`makes a range of more than ${longestRange}`);
  budget.spendItems(length);
  const items = Array.from({ length }, (_, index) => start + index * step);
  return new List(items, "range");
}

function entriesOf({ positional, keyword }: Call, budget: Budget): (readonly [Value, Value])[] {
  const [from, ...others] = positional;
  if (others.length > 0) throw new TemplateError("dict() takes at most one argument");
  // A name may come from the input, by `dict(**message)`.
  const named = [...keyword].map(([name, value]) => [Text.ofInput(name), value] as const);
  if (from === undefined) return named;
  if (from instanceof Dict) {
    budget.spendItems(from.size);
    return [...from.entries(), ...named];
  }
  const pairs = itemsOf(from, budget).map((pair) => {
    const [key, value, ...rest] = itemsOf(pair, budget);
    if (key === undefined || value === undefined || rest.length > 0) {
      throw new TemplateError("dict() takes pairs");
    }
    return [key, value] as const;
  });
  return [...pairs, ...named];
}

function dict(call: Call, budget: Budget): Dict {
  const made = new Dict();
  for (const [key, value] of entriesOf(call, budget)) made.set(key, value);
  return made;
}

function namespace(call: Call, budget: Budget): Namespace {
  const made = new Namespace();
  for (const [key, value] of entriesOf(call, budget)) {
    if (!(key instanceof Text)) throw new TemplateError("namespace() takes names");
    setAttribute(made, key.value, value);
  }
  return made;
}

/** @throws TemplateError for what begins with an underscore, as transformers refuses it */
export function setAttribute(namespace: Namespace, name: string, value: Value): void {
  if (name.startsWith("_")) {
    throw new TemplateError(`a namespace cannot store '${name}'`);
  }
  namespace.values.set(name, value);
}

function raiseException(call: Call, budget: Budget): never {
  const message = new Bound("raise_exception()", call, ["message"]).shown("message", "", budget);
  throw new TemplateError(message.value);
}

function joiner(call: Call): Callable {
  const separator = new Bound("joiner()", call, ["sep"]).text("sep", ", ");
  let isFirst = true;
  return new Callable("joiner", () => {
    const text = isFirst ? new Text("") : separator;
    isFirst = false;
    return text;
  });
}

/** The functions that every template has: Jinja's, and those of transformers. */
export function globalFunctions(budget: Budget, now: Date): Callable[] {
  return [
    new Callable("range", (call) => range(call, budget)),
    new Callable("dict", (call) => dict(call, budget)),
    new Callable("namespace", (call) => namespace(call, budget)),
    new Callable("joiner", joiner),
    new Callable("raise_exception", (call) => raiseException(call, budget)),
    new Callable("strftime_now", (call) => {
      const format = new Bound("strftime_now()", call, ["format"]).required("format");
      const text = toText(format, budget);
      // `%c` is made of seven fields.
      budget.spend(32 * text.value.length);
      return text.map((run) => strftime(now, run));
    }),
  ];
}
