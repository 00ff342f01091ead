import type { Hono } from "hono";
import { z } from "zod";
import type { ServerEnvironment } from "../handler.ts";
import { HttpError } from "../http-error.ts";
import { promptSchema, promptsOf } from "../prompts.ts";
import { readBody } from "../request-body.ts";
import type { Service } from "../service.ts";

/** The body of `POST /v1/embeddings`. */
export const embeddingSchema = z.object({
  model: z.string().nullish(),
  input: promptSchema(2048),
  encoding_format: z.enum(["float", "base64"]).nullish(),
  dimensions: z.int().min(1).nullish(),
});

export function addEmbeddingRoute(app: Hono<ServerEnvironment>, service: Service): void {
  app.post("/v1/embeddings", async (context) => {
    const { exchange } = context.var;
    const body = await readBody(context.req.raw, embeddingSchema, service.maxBodyBytes);
    service.checkModel(body.model);
    const { llama } = service;
    const { embeddingLength } = llama.model;
    if (body.dimensions != null && body.dimensions !== embeddingLength) {
      throw new HttpError(
        400,
        "INVALID_ARGUMENT",
        `dimensions: this model's embeddings have ${embeddingLength}`,
        { field: "dimensions" },
      );
    }
    exchange.operation = { name: "embeddings" };
    const texts = promptsOf(body.input, "input", llama);
    for (const text of texts) await service.checkLength(text);
    const controller = exchange.controller();
    const { embeddings, usage } = await llama.embed(texts, { signal: controller.signal });
    exchange.promptTokens = usage.promptTokens;
    return context.json({
      object: "list",
      model: service.modelName,
      data: embeddings.map((embedding, index) => ({
        object: "embedding",
        index,
        embedding: body.encoding_format === "base64" ? base64(embedding) : [...embedding],
      })),
      usage: { prompt_tokens: usage.promptTokens, total_tokens: usage.promptTokens },
    });
  });
}

/** Little-endian floats, as OpenAI's clients ask for them. */
function base64(embedding: Float32Array): string {
  return Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength).toString(
    "base64",
  );
}
