import { z } from "zod";
import { promptSchema } from "./prompts.ts";

/** Body of `POST /v1/embeddings`. `knownFields` lists other accepted field names. */
export const embeddingSchema = z.object({
  model: z.string().nullish(),
  input: promptSchema(2048),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.int().min(1).nullish(),
});
