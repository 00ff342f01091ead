import { z } from "zod";
import { promptSchema } from "./prompts.ts";

/** The body of `POST /v1/embeddings`; for fields by other names see `knownFields`. */
export const embeddingSchema = z.object({
  model: z.string().nullish(),
  input: promptSchema(2048),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.int().min(1).nullish(),
});
