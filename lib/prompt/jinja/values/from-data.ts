import type { Steps } from "../../steps.ts";
import type { Budget } from "../budget.ts";
import { InputError } from "../errors.ts";
import { Text } from "./text.ts";
import { Dict, Float, integerOf, List, type Value } from "./values.ts";

// Objects and arrays inside each other, as in a tool's schema.
const deepest = 100;

/** Data from outside as the template's values. All texts in it, names too, count as input. */
export function* inputValue(data: unknown, budget: Budget, depth = 0): Steps<Value> {
  budget.spend(2);
  if (budget.isSliceSpent) yield* budget.pause();
  if (depth > deepest)
    throw new InputError(`tools and arguments of calls may have ${deepest} levels at most`);
  if (typeof data === "string") return Text.ofInput(data);
  if (typeof data === "boolean") return data;
  if (typeof data === "number") return Number.isSafeInteger(data) ? data : new Float(data);
  if (typeof data === "bigint") return integerOf(Number(data));
  if (typeof data !== "object" || data === null) return null;
  if (Array.isArray(data)) {
    const items: Value[] = [];
    for (const item of data) items.push(yield* inputValue(item, budget, depth + 1));
    return new List(items);
  }
  const dict = new Dict();
  for (const [name, value] of Object.entries(data)) {
    if (value === undefined) continue;
    dict.set(Text.ofInput(name), yield* inputValue(value, budget, depth + 1));
  }
  return dict;
}
