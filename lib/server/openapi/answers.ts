import { z } from "zod";

/** Schemas of answers that have a name in the OpenAPI document. */
export const namedAnswers = z.registry<{ id: string }>();

/** Gives a schema a name in the OpenAPI document. */
export function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  namedAnswers.add(schema, { id });
  return schema;
}

export const count = z.int().min(0);

/** The answer to a failed request. */
export const errorAnswer = named(
  "Error",
  z.object({
    error: z.object({
      message: z.string(),
      type: z.string().describe("The error type of OpenAI's API for the status"),
      param: z.string().nullable().describe("The wrong field, such as messages[0].content"),
      code: z.string().describe("Error code, such as CONTEXT_OVERFLOW"),
    }),
  }),
);

/** Token counts over all answers of a request. */
export const usageAnswer = named(
  "Usage",
  z.object({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_tokens_details: z.object({ cached_tokens: count }),
  }),
);

export const usageInEvents = usageAnswer
  .nullable()
  .optional()
  .describe("Present with stream_options.include_usage; null except in the last event");

export const modelAnswer = named(
  "Model",
  z.object({
    id: z.string(),
    object: z.literal("model"),
    created: count.describe("Seconds since 1970"),
    owned_by: z.string(),
    meta: z.object({
      context_size: count.nullable().describe("In tokens; null if unknown"),
      training_context_size: count,
      parameters: count,
      size_bytes: count,
      file_type: z.string(),
      embedding_length: count,
      vocabulary_size: count,
      capabilities: z.object({
        completion: z.literal(true),
        infill: z.boolean(),
        chat: z.boolean(),
        python: z.boolean(),
        codeLlama: z.enum(["base", "python", "instruct"]).optional(),
        chatFormat: z.enum(["llama-2", "codellama-70b", "template", "remote"]).optional(),
      }),
    }),
  }),
);

export const modelListAnswer = named(
  "ModelList",
  z.object({ object: z.literal("list"), data: z.array(modelAnswer) }),
);

export const embeddingsAnswer = named(
  "Embeddings",
  z.object({
    object: z.literal("list"),
    model: z.string(),
    data: z.array(
      z.object({
        object: z.literal("embedding"),
        index: count,
        embedding: z
          .union([z.array(z.number()), z.string()])
          .describe("Numbers, or little-endian 32-bit floats in base64"),
      }),
    ),
    usage: z.object({ prompt_tokens: count, total_tokens: count }),
  }),
);

export const tokensAnswer = named(
  "Tokens",
  z.object({
    tokens: z
      .union([
        z.array(count),
        z.array(
          z.object({
            id: count,
            piece: z
              .union([z.string(), z.array(z.int().min(0).max(255))])
              .describe("Text of the token, or its bytes if they are not valid UTF-8"),
          }),
        ),
      ])
      .describe("Token ids; with with_pieces, each id with its text"),
  }),
);

export const textAnswer = named("Text", z.object({ content: z.string() }));
export const promptAnswer = named("Prompt", z.object({ prompt: z.string() }));
export const healthAnswer = named("Health", z.object({ status: z.literal("ok") }));

/** Health of a server that cannot answer: its model is loading or failed, or it shuts down. */
export const unavailableAnswer = named(
  "Unavailable",
  z.object({ status: z.enum(["loading", "failed", "closed", "draining"]) }),
);

/** Keywords of a lenient schema that the answer does not have to meet. */
export const droppedKeywords = z
  .array(z.object({ pointer: z.string(), keyword: z.string(), reason: z.string() }))
  .optional()
  .describe("Keywords that cannot be enforced. Present if lenient_schema is true");
