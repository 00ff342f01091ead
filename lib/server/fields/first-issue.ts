import type { z } from "zod";
import { issueMessage } from "./issue-message.ts";

type Schema = z.core.$ZodType;

/** The checked value, or the first issue with it. */
export type Checked<Value> =
  | { readonly value: Value }
  | { readonly issue: z.core.$ZodIssue | undefined };

/**
 * Checks a value until its first issue. zod alone describes every issue, which takes gigabytes for
 * an array of a million wrong elements.
 */
export function checkUntilIssue<Type extends z.ZodType>(
  schema: Type,
  value: unknown,
): Checked<z.output<Type>> {
  endAtIssues(schema);
  const context: z.core.ParseContextInternal<z.core.$ZodIssue> = {
    abortEarly: true,
    error: issueMessage,
  };
  const result = schema.safeParse(value, context);
  return result.success ? { value: result.data } : { issue: result.error.issues[0] };
}

const prepared = new WeakSet<Schema>();

/** Makes each check of a schema, and of the schemas inside, end the array that it fails in. */
function endAtIssues(schema: Schema): void {
  if (prepared.has(schema)) return;
  prepared.add(schema);
  const { def } = schema._zod;
  // A schema such as z.int() is a check itself.
  for (const check of [def, ...(def.checks ?? []).map((each) => each._zod.def)]) {
    Object.assign(check, { abort: true });
  }
  for (const inner of innerSchemas(schema)) endAtIssues(inner);
}

/** The schemas that a schema is made of: elements, fields, alternatives, keys and values. */
export function innerSchemas(schema: Schema): readonly Schema[] {
  return Object.values(schema._zod.def).flatMap((part: unknown) => {
    if (isSchema(part)) return [part];
    return part !== null && typeof part === "object" ? Object.values(part).filter(isSchema) : [];
  });
}

function isSchema(part: unknown): part is Schema {
  const { _zod: internals } = Object(part) as { readonly _zod?: { readonly def?: unknown } };
  return internals?.def !== undefined && "parse" in internals;
}
