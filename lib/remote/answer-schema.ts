import { z } from "zod";

// What remotes say, checked without trust: counts have a range, and a list of wrong elements ends at
// the first one, where Zod's own array would make an issue of each.

/** An exact whole number. */
export const count = z.int().min(0);

/** A number of tokens, of dimensions or of entries of a vocabulary; no model has more. */
export const tokenCount = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

/** Ids of tokens. Whether the vocabulary has them is checked where the vocabulary is known. */
export const tokenIds = z.custom<readonly number[]>(
  (value) => Array.isArray(value) && value.every(isTokenId),
);

/** As `tokenCount`, without the cost of a schema for each of many. */
function isTokenId(value: unknown): boolean {
  return typeof value === "number" && value >= 0 && (value | 0) === value;
}

/** A vector that 32-bit floats can hold. */
export const vector = z.custom<readonly number[]>(
  (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((each) => typeof each === "number" && Number.isFinite(Math.fround(each))),
);

/** An array that is checked up to its first wrong element. */
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

/** An object of finite numbers. */
export const numbersByName = z.custom<Readonly<Record<string, number>>>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(Number.isFinite),
);
