import { z } from "zod";
import { generationFields } from "./sampling.ts";

const extraFile = z.object({ filename: z.string().nullish(), text: z.string() });

const inputs = ["input_prefix", "input_suffix", "prompt", "input_extra"] as const;

/**
 * Body of llama.cpp's `POST /infill`, which llama.vim and llama.vscode send. They write `n_predict`
 * for `max_tokens` and `n_cmpl` for `n`: see `knownFields`.
 */
export const infillSchema = z
  .object({
    ...generationFields,
    /** Negative = 0. */
    temperature: z.number().max(100).nullish(),
    input_prefix: z.string().nullish(),
    input_suffix: z.string().nullish(),
    /** The current line up to the cursor. It is the end of the prefix. */
    prompt: z.string().nullish(),
    /** Chunks of other files, the most recent last. */
    input_extra: z.array(extraFile).max(1000).nullish(),
    n_indent: z.int().min(0).max(1000).nullish(),
    /** Milliseconds after the first token at which the answer ends, once a line is complete. 0 or less = no limit. */
    t_max_predict_ms: z
      .int()
      .min(-1)
      .max(2 ** 31 - 1)
      .nullish(),
    response_fields: z.array(z.string()).max(100).nullish(),
  })
  .refine((body) => inputs.some((name) => body[name] != null), {
    path: [inputs[0]],
    error: `is missing: one of ${inputs.join(", ")} is required`,
  });

export type InfillBody = z.output<typeof infillSchema>;
