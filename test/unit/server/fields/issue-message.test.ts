import { describe, expect, test } from "vitest";
import { z } from "zod";
import { completionSchema } from "../../../../lib/server/fields/completion-body.ts";
import { checkUntilIssue } from "../../../../lib/server/fields/first-issue.ts";

function messageOf(schema: z.ZodType, value: unknown): string | undefined {
  const checked = checkUntilIssue(schema, value);
  return "issue" in checked ? checked.issue?.message : undefined;
}

describe("a wrong value is described in the words of the library's own errors", () => {
  test.each<[string, z.ZodType, unknown, string]>([
    ["a number that is too small", z.number().min(0), -1, "must be at least 0 (got -1)"],
    ["a number that is too large", z.number().max(1), 2, "must be at most 1 (got 2)"],
    ["text for a number", z.number(), "secret", "must be a number (got a string)"],
    ["a fraction", z.int(), 1.5, "must be a whole number (got 1.5)"],
    ["null", z.string(), null, "must be a string (got null)"],
    ["an absent value", z.string(), undefined, "is missing"],
    ["an array for an object", z.object({}), [1], "must be an object (got an array of 1)"],
    ["an object for an array", z.array(z.int()), {}, "must be an array (got an object of Object)"],
    ["an empty text", z.string().min(1), "", "must have at least 1 character"],
    ["a long array", z.array(z.int()).max(2), [1, 2, 3], "must have at most 2 elements (got 3)"],
    ["an unknown word", z.enum(["a", "b"]), "secret", 'must be "a" or "b" (got a string)'],
    [
      "a value of no alternative",
      z.union([z.int(), z.boolean()]),
      "x",
      "must have one of the allowed forms (got a string)",
    ],
    [
      "a wrong key",
      z.record(z.string().regex(/^\d$/, "must be a digit"), z.int()),
      { x: 1 },
      "has an invalid key: the key must be a digit",
    ],
  ])("%s", (_, schema, value, message) => {
    expect(messageOf(schema, value)).toBe(message);
  });

  test.each([
    [{ top_p: 2 }, "must be at most 1 (got 2)"],
    [{ top_k: -2 }, "must be at least -1 (got -2)"],
    [{ dry_sequence_breakers: [""] }, "must have at least 1 character"],
    [{ priority: "high" }, 'must be "interactive", "normal" or "background" (got a string)'],
    [{ best_of: 0 }, "must be at least 1 (got 0)"],
  ])("%j in a completion", (fields, message) => {
    expect(messageOf(completionSchema, { prompt: "x", ...fields })).toBe(message);
  });
});
