import { isError } from "../base/brands.ts";
import { CodeLlamaError } from "../errors.ts";
import type { Answer, GenerationResult, StructuredResult } from "../result.ts";
import { isStandardSchema, type StandardSchema } from "../schema/standard-schema.ts";

/**
 * Adds the value of each answer to the result of a call with `jsonSchema`.
 * @param schema - the checked option; undefined: the result stays as it is
 * @throws CodeLlamaError `INVALID_ARGUMENT` if the schema's own `validate` throws
 */
export async function withValues<Result extends GenerationResult>(
  result: Result,
  schema: object | undefined,
): Promise<Result> {
  if (schema === undefined) return result;
  const { choices } = result;
  if (choices === undefined) return withValue(result, schema);
  const valued = await Promise.all(choices.map((each) => withValue(each, schema)));
  const { value, issues } = valued[0] ?? {};
  return { ...result, value, ...(issues && { issues }), choices: valued };
}

async function withValue<Result extends Answer>(result: Result, schema: object): Promise<Result> {
  const { finishReason, stopString, text } = result;
  const isWhole = finishReason === "stop" && stopString === undefined;
  return isWhole
    ? { ...result, ...(await readValue(text, schema)) }
    : { ...result, value: undefined };
}

type ValueOrIssues = Pick<StructuredResult, "value" | "issues">;

async function readValue(text: string, schema: object): Promise<ValueOrIssues> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // A remote server may not enforce the schema.
    return { value: undefined, issues: [{ message: `the text is not JSON: ${messageOf(error)}` }] };
  }
  return isStandardSchema(schema) ? validated(value, schema) : { value };
}

async function validated(value: unknown, schema: StandardSchema): Promise<ValueOrIssues> {
  const { vendor, validate } = schema["~standard"];
  if (validate === undefined) return { value };
  try {
    const outcome = await validate(value);
    return outcome.issues === undefined
      ? { value: outcome.value }
      : { value: undefined, issues: outcome.issues };
  } catch (cause) {
    throw new CodeLlamaError(
      "INVALID_ARGUMENT",
      `jsonSchema: the ${vendor} schema failed to validate an answer: ${messageOf(cause)}`,
      { cause },
    );
  }
}

function messageOf(error: unknown): string {
  return isError(error) ? error.message : String(error);
}
