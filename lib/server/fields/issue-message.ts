import type { z } from "zod";
import { show } from "../../base/arguments.ts";

type Issue = z.core.$ZodRawIssue;

/** The message of a wrong field, in the words of the library's own errors. Shows no text of a client. */
export function issueMessage(issue: Issue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "is missing"
        : `must be ${typeText(issue.expected)} (got ${kindOf(issue.input)})`;
    case "too_small":
      return limitText("at least", issue.minimum, issue);
    case "too_big":
      return limitText("at most", issue.maximum, issue);
    case "invalid_value":
      return `must be ${alternatives(issue.values.map(show))} (got ${kindOf(issue.input)})`;
    case "invalid_union":
      return `must have one of the allowed forms (got ${kindOf(issue.input)})`;
    case "invalid_format":
      return `must have the format ${issue.format}`;
    case "invalid_key":
      return `has an invalid key: the key ${issue.issues[0]?.message ?? "is wrong"}`;
    default:
      return undefined;
  }
}

const typeTexts: Readonly<Record<string, string>> = {
  int: "a whole number",
  number: "a number",
  string: "a string",
  boolean: "true or false",
  array: "an array",
  tuple: "an array",
  object: "an object",
  record: "an object",
  null: "null",
};

function typeText(type: string): string {
  return typeTexts[type] ?? `of type ${type}`;
}

function limitText(
  bound: "at least" | "at most",
  limit: number | bigint,
  { origin, input }: { readonly origin?: unknown; readonly input?: unknown },
): string {
  if (origin === "string") return `must have ${bound} ${counted(limit, "character")}`;
  if (origin === "array") {
    return `must have ${bound} ${counted(limit, "element")} (got ${lengthOf(input)})`;
  }
  return `must be ${bound} ${limit} (got ${kindOf(input)})`;
}

function counted(count: number | bigint, noun: string): string {
  return `${count} ${noun}${Number(count) === 1 ? "" : "s"}`;
}

function lengthOf(value: unknown): number | string {
  return Array.isArray(value) ? value.length : kindOf(value);
}

/** A number or a word as it is; the type of any other value, because it may hold a prompt. */
function kindOf(value: unknown): string {
  return typeof value === "string" ? "a string" : show(value);
}

/** `a, b or c` */
function alternatives(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} or ${last}`;
}
