import type { Hono } from "hono";
import { z } from "zod";
import type { ServerEnvironment } from "../handler.ts";
import { HttpError } from "../http-error.ts";
import { readBody } from "../request-body.ts";
import type { Service } from "../service.ts";

const tokens = z.array(z.int().min(0)).min(1);

/** The body of `POST /v1/embeddings`. */
export const embeddingSchema = z.object({
  model: z.string().nullish(),
  input: z.union(
    [z.string(), tokens, z.array(z.string()).min(1).max(2048), z.array(tokens).min(1).max(2048)],
    {
      error: "must be a string, an array of at most 2048 strings, or tokens",
    },
  ),
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
    const texts = textsOf(body.input);
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

function textsOf(input: z.output<typeof embeddingSchema>["input"]): (string | Int32Array)[] {
  if (typeof input === "string") return [input];
  if (input.every((each) => typeof each === "number")) return [Int32Array.from(input)];
  return input.map((each) => (typeof each === "string" ? each : Int32Array.from(each as number[])));
}

/** Little-endian floats, as OpenAI's clients ask for them. */
function base64(embedding: Float32Array): string {
  return Buffer.from(embedding.buffer, embedding.byteOffset, embedding.byteLength).toString(
    "base64",
  );
}
