import { z } from "zod";
import type { CodeLlama } from "../../codellama.ts";
import { HttpError } from "../http/http-error.ts";

/** The schema of a token id. */
export const tokenSchema = z
  .int()
  .min(0)
  .max(2 ** 31 - 1);

export const tokensSchema = z.array(tokenSchema);

/**
 * Checks ids against the model's vocabulary, if its size is known.
 * @param nameOf - name of the field with the id at an index
 * @throws HttpError 400, naming the field
 */
export function checkTokens(
  { model }: CodeLlama,
  ids: readonly number[],
  nameOf: (index: number) => string,
): void {
  const { vocabularySize: size } = model;
  const index = size === 0 ? -1 : ids.findIndex((id) => id >= size);
  if (index < 0) return;
  const field = nameOf(index);
  throw new HttpError(
    400,
    "INVALID_ARGUMENT",
    `${field}: must be a token id between 0 and ${size - 1} (got ${ids[index]})`,
    { field },
  );
}
