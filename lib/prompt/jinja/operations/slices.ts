import type { Budget } from "../budget.ts";
import { TemplateError } from "../errors.ts";
import { charactersOf, hasSurrogates } from "../values/conversions.ts";
import { Text } from "../values/text.ts";
import { List, typeName, Undefined, type Value } from "../values/values.ts";

/**
 * `object[start:stop:step]`. An absent bound is None.
 * @throws TemplateError for an object or bounds that Python cannot slice
 */
export function sliceOf(
  object: Value,
  bounds: readonly [start: Value, stop: Value, step: Value],
  budget: Budget,
): Value {
  if (object instanceof Undefined) return object.refuse();
  const isSliceable = object instanceof Text || (object instanceof List && object.hasIndices);
  if (!isSliceable) {
    throw new TemplateError(`'${typeName(object)}' object is not subscriptable`);
  }
  const [start, stop, step = 1] = bounds.map(toBound);
  if (step === 0) throw new TemplateError("slice step cannot be zero");
  if (object instanceof List) {
    budget.spendItems(object.items.length);
    const type = object.type === "tuple" ? "tuple" : "list";
    return new List(slice(object.items, start, stop, step), type);
  }
  budget.spendUnits(object.value.length);
  if (step === 1 && !hasSurrogates(object.value)) {
    return object.slice(...clampedRange(object.value.length, start, stop));
  }
  budget.spendItems(object.value.length);
  return Text.join(slice(charactersOf(object), start, stop, step));
}

function toBound(value: Value): number | undefined {
  if (value === null) return undefined;
  if (typeof value === "number" || typeof value === "boolean") return Number(value);
  throw new TemplateError("slice indices must be integers or None");
}

function slice<Item>(
  items: readonly Item[],
  start: number | undefined,
  stop: number | undefined,
  step: number,
): Item[] {
  if (step < 0) return backwardSlice(items, start, stop, step);
  const [from, to] = clampedRange(items.length, start, stop);
  const range = items.slice(from, to);
  return step === 1 ? range : range.filter((_, index) => index % step === 0);
}

/** Resolves negative bounds, which count from the end, and limits both bounds to the length. */
function clampedRange(length: number, start = 0, stop = length): [from: number, to: number] {
  const clamp = (bound: number) =>
    Math.max(0, Math.min(length, bound < 0 ? bound + length : bound));
  const from = clamp(start);
  return [from, Math.max(from, clamp(stop))];
}

function backwardSlice<Item>(
  items: readonly Item[],
  start: number | undefined,
  stop: number | undefined,
  step: number,
): Item[] {
  const last = items.length - 1;
  const resolve = (bound: number) => (bound < 0 ? bound + items.length : Math.min(bound, last));
  const end = stop === undefined ? -1 : Math.max(-1, resolve(stop));
  const picked: Item[] = [];
  for (let at = start === undefined ? last : resolve(start); at > end; at += step) {
    const item = items[at];
    if (item !== undefined) picked.push(item);
  }
  return picked;
}
