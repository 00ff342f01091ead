import type { z } from "zod";
import { HttpError } from "../http/http-error.ts";
import { type JsonBody, readJson } from "../http/request-body.ts";
import { checkUntilIssue } from "./first-issue.ts";
import type { ResolvedBody } from "./resolve-fields.ts";

/**
 * Reads a request's JSON, at most `limit` bytes, and checks it against a schema.
 * @param resolve - renames the fields of the body to those of the schema
 * @throws HttpError 400, naming the field; 413; 415; 499 where the client leaves inside the body
 */
export async function readBody<Schema extends z.ZodType>(
  request: Request,
  schema: Schema,
  limit: number,
  resolve: (body: unknown) => ResolvedBody = inOwnNames,
): Promise<z.output<Schema>> {
  const { value, yieldTurn }: JsonBody = await readJson(request, limit);
  const { body, sentAs } = resolve(value);
  const checked = checkUntilIssue(schema, body);
  await yieldTurn();
  if ("value" in checked) return checked.value;
  const { path, message } = innermost(checked.issue);
  const field = fieldName(sentAs(path));
  throw new HttpError(400, "INVALID_ARGUMENT", `${field || "the body"}: ${message}`, {
    field: field || null,
  });
}

const inOwnNames = (body: unknown): ResolvedBody => ({ body, sentAs: (path) => path });

type Issue = Pick<z.core.$ZodIssue, "path" | "message">;

/** In a union, what is wrong inside the alternative that reads furthest: that one is meant. */
function innermost(issue: z.core.$ZodIssue | undefined): Issue {
  if (issue === undefined) return { path: [], message: "is wrong" };
  if (issue.code !== "invalid_union") return issue;
  const [meant, other] = issue.errors
    .map(([first]) => innermost(first))
    .filter(({ path }) => path.length > 0)
    .sort((left, right) => compareReach(right.path, left.path));
  if (meant === undefined) return issue;
  if (other !== undefined && compareReach(meant.path, other.path) === 0) return issue;
  return { path: [...issue.path, ...meant.path], message: meant.message };
}

/** Positive where the first path is of a later or a deeper place; 0 where neither is. */
function compareReach(left: readonly PropertyKey[], right: readonly PropertyKey[]): number {
  for (const [index, step] of left.entries()) {
    const other = right[index];
    if (step === other) continue;
    if (other === undefined) return 1;
    return typeof step === "number" && typeof other === "number" ? step - other : 0;
  }
  return left.length - right.length;
}

const longestFieldName = 200;

/** A field as a program would write it: `messages[0].content`. Keys can be as long as the body. */
function fieldName(path: readonly PropertyKey[]): string {
  const name = path
    .map((step, index) =>
      typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`,
    )
    .join("");
  return name.length > longestFieldName ? `${name.slice(0, longestFieldName)}…` : name;
}
