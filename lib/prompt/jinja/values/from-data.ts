import type { Steps } from "../../steps.ts";
import type { Budget } from "../budget.ts";
import { InputError } from "../errors.ts";
import { integerOf } from "./conversions.ts";
import { Text } from "./text.ts";
import { Dict, Float, List, type Value } from "./values.ts";

// Nested objects and arrays, such as a tool's JSON schema.
const maxDepth = 100;

/**
 * Converts the caller's data to template values. Every text in it, property names included, counts
 * as input.
 * @throws InputError for data that is nested too deeply
 */
export function* inputValue(data: unknown, budget: Budget, depth = 0): Steps<Value> {
  budget.spend(2);
  if (budget.isSliceSpent) yield* budget.pause();
  if (depth > maxDepth) {
    throw new InputError(
      `tools and arguments of tool calls may be nested at most ${maxDepth} levels deep`,
    );
  }
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
