import type { Hono } from "hono";
import type { ServerEnvironment } from "../service/environment.ts";
import type { Service } from "../service/service.ts";

/** OpenAI's model routes. The list has the one model that is served. */
export function addModelRoutes(app: Hono<ServerEnvironment>, service: Service): void {
  app.get("/v1/models", (context) => context.json({ object: "list", data: [describe(service)] }));
  // Model names may contain slashes, like the names on Hugging Face.
  app.get("/v1/models/:model{[^]+}", (context) => {
    service.checkModel(context.req.param("model"));
    return context.json(describe(service));
  });
}

function describe(service: Service): object {
  const { llama, modelName, createdAt } = service;
  // The reasons quote names of files, which clients need not know.
  const { reasons: _, ...capabilities } = llama.capabilities;
  return {
    id: modelName,
    object: "model",
    created: createdAt,
    owned_by: "node-codellama",
    // An addition to OpenAI's fields that llama-server also makes.
    meta: {
      context_size: llama.contextSize,
      training_context_size: llama.model.trainingContextSize,
      parameters: llama.model.parameters,
      size_bytes: llama.model.sizeBytes,
      file_type: llama.model.fileType,
      embedding_length: llama.model.embeddingLength,
      vocabulary_size: llama.model.vocabularySize,
      capabilities,
    },
  };
}
