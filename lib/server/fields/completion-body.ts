import { z } from "zod";
import { generateTable } from "../../options/generate.ts";
import { countOf, promptSchema } from "./prompts.ts";
import { generationFields } from "./sampling.ts";
import { askedStructure, checkOneStructure, structureFields } from "./structure-fields.ts";
import { type FieldValues, tableFields } from "./table-fields.ts";

/** The options that only completions have a field for. */
const ownTable = {
  bestOf: generateTable.bestOf,
  logprobs: generateTable.logprobs,
  tokenHealing: generateTable.tokenHealing,
  ignoreEos: generateTable.ignoreEos,
};

const fields = z.object({
  ...generationFields,
  ...tableFields<FieldValues<typeof ownTable>>(ownTable),
  ...structureFields,
  prompt: promptSchema(128),
  /** Text after the hole. Makes the request an infill. */
  suffix: z.string().nullish(),
  echo: z.boolean().nullish(),
  /** Reads control tokens that the prompt spells out as tokens. */
  raw: z.boolean().nullish(),
  /** Adds the ids of the new tokens in `token_ids`, as vLLM does. */
  return_token_ids: z.boolean().nullish(),
  /** Names tokens in `logprobs` by their ids, such as `token_id:42`, as vLLM does. */
  return_tokens_as_token_ids: z.boolean().nullish(),
});

/** Body of `POST /v1/completions`. Fields with other names: see `knownFields`. */
export const completionSchema = fields
  .refine(({ n, best_of }) => (best_of ?? n ?? 1) >= (n ?? 1), {
    path: ["best_of"],
    error: "must be at least n",
  })
  .superRefine(checkCount)
  .superRefine(checkOneStructure)
  .superRefine(checkInfill);

export type CompletionBody = z.output<typeof completionSchema>;

/** Name of the first field that an infill does not support. Undefined if there is none. */
export function notOfInfill(body: z.output<typeof fields>): string | undefined {
  if (body.ignore_eos === true) return "ignore_eos";
  if (body.echo === true && body.logprobs != null) return "echo";
  return askedStructure(body);
}

// All answers start in one turn of the event loop.
const maxAnswers = 512;

function checkCount(
  { prompt, n, best_of }: z.output<typeof fields>,
  context: z.core.$RefinementCtx,
) {
  const prompts = countOf(prompt);
  const each = best_of ?? n ?? 1;
  if (prompts * each <= maxAnswers) return;
  context.addIssue({
    code: "custom",
    path: [best_of == null ? "n" : "best_of"],
    message: `${each} for each of ${prompts} prompts is more than ${maxAnswers} answers`,
  });
}

function checkInfill(body: z.output<typeof fields>, context: z.core.$RefinementCtx): void {
  if (body.suffix == null) return;
  const name = body.raw === true ? "raw" : notOfInfill(body);
  if (name === undefined) return;
  const pair = name === "echo" ? "with logprobs excludes suffix" : "excludes suffix";
  context.addIssue({ code: "custom", path: [name], message: pair });
}
