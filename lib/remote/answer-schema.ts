import { z } from "zod";

// Checks of answers from untrusted servers. Counts have a range. A list check stops at the first
// wrong element, because Zod's own array creates one issue for each wrong element.

/** A whole number that a double holds exactly. */
export const count = z.int().min(0);

/** Number of tokens, dimensions or vocabulary entries. No model has more than 2^31 - 1. */
export const tokenCount = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

/** Token ids. Code that knows the vocabulary checks their upper bound. */
export const tokenIds = z.custom<readonly number[]>(
  (value) => Array.isArray(value) && value.every(isTokenId),
);

/** Same range as `tokenCount`, without the cost of a schema for each element. */
function isTokenId(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && (value | 0) === value;
}

/** A non-empty vector of numbers that fit into 32-bit floats. */
export const vector = z.custom<readonly number[]>(
  (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => typeof each === "number" && Number.isFinite(Math.fround(each))),
);

/** An array whose check stops at the first wrong element. */
export function listOf<Element extends z.ZodType>(element: Element) {
  return z.array(z.unknown()).transform((items, context): z.output<Element>[] => {
    const checked: z.output<Element>[] = [];
    for (const item of items) {
      const { success, data } = element.safeParse(item);
      if (!success) {
        context.addIssue({ code: "custom", message: `element ${checked.length} is wrong` });
        return z.NEVER;
      }
      checked.push(data);
    }
    return checked;
  });
}

/** An object whose values are finite numbers. */
export const numbersByName = z.custom<Readonly<Record<string, number>>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(Number.isFinite),
);

/** Keywords that a node-codellama server did not enforce. */
export const droppedKeywordsSchema = listOf(
  z.object({ pointer: z.string(), keyword: z.string(), reason: z.string() }),
);
