import { z } from "zod";
import { tokensSchema } from "./token-ids.ts";

/** Body of llama-server's `POST /tokenize`. */
export const tokenizeSchema = z.object({
  content: z.string(),
  add_special: z.boolean().nullish(),
  parse_special: z.boolean().nullish(),
  with_pieces: z.boolean().nullish(),
});

/** Body of `POST /detokenize`. 131,072 tokens block the event loop for about ten milliseconds. */
export const detokenizeSchema = z.object({ tokens: tokensSchema.max(131_072) });
