import type { Hono } from "hono";
import { embeddingSchema } from "../fields/embedding-body.ts";
import { promptsOf } from "../fields/prompts.ts";
import { readBody } from "../fields/read-body.ts";
import { fieldResolver } from "../fields/resolve-fields.ts";
import { HttpError } from "../http/http-error.ts";
import { later } from "../http/json-pieces.ts";
import type { ServerEnvironment } from "../service/environment.ts";
import type { Service } from "../service/service.ts";

const route = "/v1/embeddings";

const resolve = fieldResolver(route, embeddingSchema);

export function addEmbeddingRoute(app: Hono<ServerEnvironment>, service: Service): void {
  app.post(route, async (context) => {
    const { exchange } = context.var;
    const { raw } = context.req;
    const body = await readBody(raw, embeddingSchema, service.maxBodyBytes, resolve);
    service.checkModel(body.model);
    const { llama } = service;
    const { embeddingLength } = llama.model;
    if (body.dimensions != null && body.dimensions !== embeddingLength) {
      throw new HttpError(
        400,
        "INVALID_ARGUMENT",
        `dimensions must be ${embeddingLength} for this model (got ${body.dimensions})`,
        { field: "dimensions" },
      );
    }
    exchange.operation = { name: "embeddings" };
    const texts = promptsOf(body.input, "input", llama);
    const controller = exchange.controller();
    const { embeddings, usage } = await llama.embed(texts, {
      signal: controller.signal,
      ...service.limits,
    });
    exchange.promptTokens = usage.promptTokens;
    return service.json(exchange, {
      object: "list",
      model: service.modelName,
      data: embeddings.map((embedding, index) =>
        later(() => ({
          object: "embedding",
          index,
          embedding: body.encoding_format === "base64" ? base64(embedding) : embedding,
        })),
      ),
      usage: { prompt_tokens: usage.promptTokens, total_tokens: usage.promptTokens },
    });
  });
}

/** Base64 of little-endian 32-bit floats, OpenAI's format. */
function base64(embedding: Float32Array): string {
  return Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength).toString(
    "base64",
  );
}
