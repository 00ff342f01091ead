import { z } from "zod";
import { countOf, promptSchema } from "./prompts.ts";
import { generationFields } from "./sampling.ts";
import { askedStructure, checkOneStructure, structureFields } from "./structure-fields.ts";

const fields = z.object({
  ...generationFields,
  ...structureFields,
  prompt: promptSchema(128),
  /** What comes behind the hole: makes it an infill. */
  suffix: z.string().nullish(),
  best_of: z.int().min(1).max(128).nullish(),
  logprobs: z.int().min(0).max(100).nullish(),
  echo: z.boolean().nullish(),
  /** Control tokens spelled out in the prompt count as such. */
  raw: z.boolean().nullish(),
  /** Never ends by itself, as vLLM has it. */
  ignore_eos: z.boolean().nullish(),
  /** Writes the prompt's last token anew. */
  token_healing: z.boolean().nullish(),
  /** Tells the new tokens' ids, in `token_ids`, as vLLM does. */
  return_token_ids: z.boolean().nullish(),
  /** Names tokens in `logprobs` by their ids, as `token_id:42`, as vLLM does. */
  return_tokens_as_token_ids: z.boolean().nullish(),
});

/** The body of `POST /v1/completions`; for fields by other names see `knownFields`. */
export const completionSchema = fields
  .refine(({ n, best_of }) => (best_of ?? n ?? 1) >= (n ?? 1), {
    path: ["best_of"],
    error: "must be at least n",
  })
  .superRefine(checkCount)
  .superRefine(checkOneStructure)
  .superRefine(checkInfill);

export type CompletionBody = z.output<typeof completionSchema>;

/** The field that asks for what an infill cannot do, if there is one. */
export function notOfInfill(body: z.output<typeof fields>): string | undefined {
  if (body.ignore_eos === true) return "ignore_eos";
  if (body.echo === true && body.logprobs != null) return "echo";
  return askedStructure(body);
}

// They are begun in one turn of the event loop.
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
