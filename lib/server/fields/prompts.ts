import { z } from "zod";
import type { CodeLlama } from "../../codellama.ts";
import { checkTokens, tokensSchema } from "./token-ids.ts";

/** A prompt as text or as tokens. */
export type Prompt = string | Int32Array;

/** The schema for one prompt or several, as in OpenAI's API: texts or arrays of token ids. */
export function promptSchema(most: number) {
  const tokens = tokensSchema.min(1);
  return z.union(
    [z.string(), tokens, z.array(z.string()).min(1).max(most), z.array(tokens).min(1).max(most)],
    { error: `must be a string, an array of at most ${most} strings, or tokens` },
  );
}

type PromptField = z.output<ReturnType<typeof promptSchema>>;

/** Number of prompts in a field. */
export function countOf(value: PromptField): number {
  return typeof value === "string" || value.every((each) => typeof each === "number")
    ? 1
    : value.length;
}

/**
 * The prompts of a field.
 * @throws HttpError 400, naming the first unknown token
 */
export function promptsOf(value: PromptField, field: string, llama: CodeLlama): readonly Prompt[] {
  if (typeof value === "string") return [value];
  if (value.every((each) => typeof each === "number")) return [tokensOf(value, field, llama)];
  return value.map((each, index) =>
    typeof each === "string" ? each : tokensOf(each as number[], `${field}[${index}]`, llama),
  );
}

function tokensOf(ids: readonly number[], field: string, llama: CodeLlama): Int32Array {
  checkTokens(llama, ids, (index) => `${field}[${index}]`);
  return Int32Array.from(ids);
}
