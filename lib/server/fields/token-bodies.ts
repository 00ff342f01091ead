import { z } from "zod";
import { tokensSchema } from "./token-ids.ts";

/** The body of `POST /tokenize`, as llama-server has it. */
export const tokenizeSchema = z.object({
  content: z.string(),
  add_special: z.boolean().nullish(),
  parse_special: z.boolean().nullish(),
  with_pieces: z.boolean().nullish(),
});

/** The body of `POST /detokenize`. So many tokens take some ten milliseconds of the event loop. */
export const detokenizeSchema = z.object({ tokens: tokensSchema.max(131_072) });
